package rest

import (
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/search"
)

// distanceOf gives the extension that tells how far a match of a search by near is (http://hl7.org/fhir/StructureDefinition/location-distance), in kilometres; "" when the search is about no position.
func distanceOf(res *search.Result, mode string, i int) string {
	if mode != "match" || i >= len(res.Distances) || res.Distances[i] < 0 {
		return ""
	}
	return `{"url":"http://hl7.org/fhir/StructureDefinition/location-distance","valueDistance":{"value":` +
		strconv.FormatFloat(res.Distances[i]/1000, 'f', 3, 64) + `,"unit":"km","system":"http://unitsofmeasure.org","code":"km"}}`
}
