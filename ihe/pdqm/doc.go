// Package pdqm will hold IHE PDQm: patient demographics query (ITI-78) and match (ITI-119). Nothing is built yet.
package pdqm
