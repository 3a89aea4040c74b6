package search

import "slices"

// IndexFormat numbers how values become index rows. Rows of another format are not found by searches, so whoever opens a store compares the number that it was written
// with, and rebuilds the index when it differs. It must grow with every change of the encoding; TestIndexFormat notices.
const IndexFormat = 1

// IndexNames gives the names of all indexes that resources may stand in: those of the parameters of every type, and the compartments'.
func (s *Snapshot) IndexNames() []string {
	defs := s.registry.Definitions()
	var names []string
	for _, typ := range defs.Resources {
		for _, j := range s.table(typ).joins {
			names = append(names, j.param.IndexName())
		}
		for _, p := range append(slices.Clone(s.Params(typ)), s.table(typ).derivedOf()...) {
			for _, suffix := range indexSuffixes {
				names = append(names, p.IndexName()+suffix)
			}
		}
	}
	for typ := range defs.Compartments {
		names = append(names, compartmentIndex(typ))
	}
	return names
}
