// Package mcsd is the directory of professionals and structures: IHE Mobile Care Services Discovery (mCSD: ITI-90 searches it, ITI-91 follows its changes) over the resources of the French
// directory (Annuaire Santé), whose profiles as-practitioner, as-practitionerrole and as-organization stand on FR Core.
//
// The FHIR server answers both transactions by itself; this package adds what is particular: the rules of national identifiers (RPPS, FINESS, SIRET...) and of the profiles on writes, one current
// Practitioner for each RPPS, the search parameters of the directory guide, and the importers of the two public extractions (mcsd/extraction).
package mcsd
