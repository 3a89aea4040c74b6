// Package pixm is IHE PIXm (https://profiles.ihe.net/ITI/PIXm): the identity cross-reference query $ihe-pix (ITI-83), and what the feed ITI-104 needs beyond the conditional interactions of FHIR: which
// identifier domains the server knows. Merge, link and their undoing are operations here; what they mean for records is package dmp's.
package pixm
