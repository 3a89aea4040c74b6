package dsubm

// topicBase is where IHE's topics have their canonical URLs.
const topicBase = "https://profiles.ihe.net/ITI/DSUBm/SubscriptionTopic/DSUBm-SubscriptionTopic-"

// event is what can happen to a resource.
type event uint8

const (
	created event = 1 << iota
	statusChanged
	updated
	deleted
)

// Topic is what a subscription can be about.
type Topic struct {
	URL string
	// Resource is the type whose changes are events.
	Resource string
	// Patient says that the filter must name a person.
	Patient bool
	// Filters are the search parameters that filters may have, by the head of their names.
	Filters []string
	events  event
}

var (
	documentFilters = []string{"author", "category", "event", "facility", "format", "security-label", "setting", "status", "type"}
	listFilters     = []string{"code", "designationType", "source", "sourceId", "status"}
)

// Topics lists the topics that the broker supports: those of DSUBm for documents, with the options of minimal update (changes of status) and of full events, and for submission sets.
func Topics() []Topic {
	var all []Topic
	for _, t := range []struct {
		name   string
		events event
	}{{"DocumentReference-%", created}, {"DocReference-%-MinUpdate", created | statusChanged}, {"DocReference-%-AllEvents", created | statusChanged | updated | deleted}} {
		all = append(all, pair(t.name, "DocumentReference", documentFilters, t.events)...)
	}
	return append(all, pair("SubmissionSet-%", "List", listFilters, created)...)
}

// pair makes the two topics of a kind: those of one patient, and those of many.
func pair(name, resource string, filters []string, events event) []Topic {
	head, tail := cutPercent(name)
	own := append([]string{"patient"}, filters...)
	return []Topic{
		{URL: topicBase + head + "PatientDependent" + tail, Resource: resource, Patient: true, Filters: own, events: events},
		{URL: topicBase + head + "MultiPatient" + tail, Resource: resource, Filters: filters, events: events},
	}
}

func cutPercent(name string) (head, tail string) {
	for i := range len(name) {
		if name[i] == '%' {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}
