// Package extraction reads the two public extractions of the French directories and keeps a server's directory equal to them: the "Annuaire Santé" of ANS
// (PS_LibreAcces_Personne_activite_*.txt, one line for each person, profession, savoir-faire and activity, fields apart by |) and the establishments of FINESS (etalab, lines "structureet" and "geolocalisation", fields apart by ;).
//
// An Import streams: memory grows by some bytes for each person, activity and structure, not by lines. Ids follow from business identifiers, so that the same line always makes the same resource and a
// second import of the same extraction writes nothing. How far an import got is written to the server beside the data (a Basic resource), after what it covers was acknowledged: an import that was interrupted goes on
// from there. When an extraction was read to its end, what the server has from an earlier one and this one does not mention is closed (active=false), not deleted: history keeps it.
package extraction
