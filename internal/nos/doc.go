// Package nos is what the directories of French health professionals and structures are written in: the code systems of the Nomenclature des objets de santé (NOS) with the
// labels of the codes that matter here, and the national identifiers of people and structures with their check keys. It knows no resources and no store.
//
// The tables are facts of the ANS value sets that each file names, one concept a line. A code that is not in them is not wrong: the nomenclature grows, and importers take the label that
// the source gives.
package nos
