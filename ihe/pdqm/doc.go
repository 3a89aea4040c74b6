// Package pdqm is IHE PDQm (https://profiles.ihe.net/ITI/PDQm): the patient demographics query ITI-78, which is a search of Patient with identifier domains to be returned, and the match ITI-119, which is $match.
//
// A match is never a guess at identity (RNIV): it is certain by an INS whose traits do not contradict only. Equal traits without an INS make it probable at most, as homonyms and twins have them too; two different INS are two
// people, whatever else is equal.
package pdqm
