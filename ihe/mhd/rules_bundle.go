package mhd

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

const (
	sourceBundle = "MHD 4.2.3, IHE.MHD.Minimal.ProvideBundle"
	sourceITI65  = "MHD 4.2.3, ITI-65, 3.65.4.1.2"
)

// bundleRules are about the Bundle as a whole and about its entries.
var bundleRules = []Rule{
	{
		ID: "mhd-bundle-profile", Levels: inBundle, Part: PartBundle, Source: sourceBundle + ": meta.profile 1..*", Warning: true, Code: fault.Required,
		Text: "The Bundle's meta.profile names no profile of Provide Document Bundle; it was judged by that of PDSm.",
		check: func(c *checking) {
			if _, ok := levelOf(c.root, bundleProfiles); !ok {
				c.missing(c.root, "meta.profile", "")
			}
		},
	},
	{
		ID: "mhd-bundle-set", Levels: inBundle, Part: PartBundle, Source: sourceBundle + ": entry:SubmissionSet 1..1", Code: fault.Required, XDS: xdsRepository,
		Text: "A submission has one List coded submissionset.",
		check: func(c *checking) {
			n := 0
			for e := range c.s.of(PartSubmissionSet) {
				if n++; n > 1 {
					c.report(e.path+".resource", "A submission has one List coded submissionset, and this is a further one.", false)
				}
			}
			if n == 0 {
				c.missing(c.root, "entry", "")
			}
		},
	},
	{
		ID: "mhd-bundle-documents", Levels: inBundle, Part: PartBundle, Source: sourceITI65 + ": one or more DocumentReferences", Code: fault.Required, XDS: xdsMissingMetadata,
		Text: "A submission brings at least one DocumentReference, or a Folder.",
		check: func(c *checking) {
			for i := range c.s.entries {
				if p := c.s.entries[i].part; p == PartDocumentReference || p == PartFolder {
					return
				}
			}
			c.missing(c.root, "entry", "")
		},
	},
	{
		ID: "mhd-bundle-closed", Levels: inBundle, Part: PartBundle, Source: sourceBundle + ": entry slicing is closed", Code: fault.Structure, XDS: xdsRepository,
		Text: "A submission has no entries but the submission set, DocumentReferences, Binaries, Folders, patches of a replaced DocumentReference and the Patient.",
		check: func(c *checking) {
			for i := range c.s.entries {
				if e := &c.s.entries[i]; e.part == PartOther && !isDocumentBundle(e.root) {
					c.report(e.path, "", false)
				}
			}
		},
	},
	{
		ID: "mhd-bundle-fhir-document", Levels: inBundle, Part: PartBundle, Source: sourceITI65 + ": ITI-65 FHIR Documents Publish Option", Code: fault.NotSupported, XDS: fhirDocument,
		Text: "This server does not take a FHIR document as an entry of its own; bring it in a Binary.",
		check: func(c *checking) {
			for i := range c.s.entries {
				if e := &c.s.entries[i]; isDocumentBundle(e.root) {
					c.report(e.path+".resource", "", false)
				}
			}
		},
	},
	{
		ID: "mhd-entry-method", Levels: inBundle, Part: PartBundle, Source: sourceBundle + ": entry.request.method by slice", Code: fault.Value, XDS: xdsRepository,
		Text: "The method is none that an entry of this kind has in a submission.",
		check: func(c *checking) {
			for i := range c.s.entries {
				e := &c.s.entries[i]
				if allowed, ok := methods[e.part]; ok && !strings.Contains(allowed, e.in.Method) {
					c.report(e.path+".request.method", "An entry of this kind has the method "+strings.ReplaceAll(allowed, " ", " or ")+".", false)
				}
			}
		},
	},
	{
		ID: "mhd-entry-url", Levels: inBundle, Part: PartBundle, Source: "FHIR R4, http.html#transaction", Code: fault.Value, XDS: xdsRepository,
		Text: "The URL of a POST entry is the type of its resource.",
		check: func(c *checking) {
			for i := range c.s.entries {
				e := &c.s.entries[i]
				if e.part != PartOther && e.in.Method == "POST" && e.root != nil && e.in.URL != e.root.Type.Name {
					c.report(e.path+".request.url", "", false)
				}
			}
		},
	},
	{
		ID: "mhd-entry-fullurl", Levels: inBundle, Part: PartBundle, Source: "FHIR R4, bundle.html#bundle-unique", Code: fault.Required, XDS: xdsUnresolved,
		Text: "A DocumentReference, a Binary and a Folder that is created need a fullUrl, by which the other entries refer to them.",
		check: func(c *checking) {
			for i := range c.s.entries {
				e := &c.s.entries[i]
				if e.in.FullURL == "" && e.in.Method == "POST" && (e.part == PartDocumentReference || e.part == PartBinary || e.part == PartFolder) {
					c.report(e.path+".fullUrl", "", false)
				}
			}
		},
	},
	{
		ID: "mhd-entry-references", Levels: inBundle, Part: PartBundle, Source: sourceITI65 + "; FHIR R4, bundle.html#references", Code: fault.NotFound, XDS: xdsUnresolved,
		Text:  "The reference names no entry of the Bundle by its fullUrl.",
		check: checkReferences,
	},
	{
		ID: "mhd-patient-referred", Levels: inBundle, Part: PartBundle, Source: sourceBundle + ": entry:Patient; docs/decisions/0025", Code: fault.BusinessRule, XDS: xdsPatientMismatch,
		Text:  "The Patient is the subject of nothing in the submission.",
		check: checkPatients,
	},
	{
		ID: "mhd-update-patch", Levels: inBundle, Part: PartUpdate, Source: "MHD 4.2.3, IHE.MHD.Patch.Parameters", Code: fault.Value, XDS: xdsRepository,
		Text:  "A patch in a submission is one operation: replace, path DocumentReference.status, value superseded.",
		check: checkPatch,
	},
	{
		ID: "mhd-update-url", Levels: inBundle, Part: PartUpdate, Source: sourceITI65 + ": UpdateDocumentRefs", Code: fault.Value, XDS: xdsRepository,
		Text: "A patch in a submission has the URL of a DocumentReference: DocumentReference/[id], or DocumentReference?identifier=[system]|[value].",
		check: func(c *checking) {
			if u := c.e.in.URL; !strings.HasPrefix(u, "DocumentReference/") && !strings.HasPrefix(u, "DocumentReference?identifier=") {
				c.report(c.e.path+".request.url", "", false)
			}
		},
	},
}

// methods are those of the slices of a Provide Document Bundle.
var methods = map[Part]string{
	PartSubmissionSet: "POST", PartDocumentReference: "POST", PartBinary: "POST", PartUpdate: "PATCH", PartFolder: "POST PUT", PartPatient: "GET POST PUT",
}

func isDocumentBundle(root *element.Element) bool {
	return root != nil && root.Type.Name == "Bundle"
}

// urn says whether a link is one that only an entry's fullUrl can answer.
func urn(link string) bool {
	return strings.HasPrefix(link, "urn:uuid:") || strings.HasPrefix(link, "urn:oid:")
}

// checkPatients looks for Patients that nothing of the submission is about: they would come into the store with the documents of somebody else. A Patient that is read (GET) is compared with the subject.
func checkPatients(c *checking) {
	named := map[int]bool{}
	links := map[string]bool{}
	for i := range c.s.entries {
		e := &c.s.entries[i]
		if e.root == nil || e.part == PartPatient {
			continue
		}
		for el := range element.References(e.root) {
			links[el.Value] = true
			if t := c.s.target(e, el.Value); t != nil {
				named[t.place] = true
			}
		}
	}
	for e := range c.s.of(PartPatient) {
		if !named[e.place] && !(e.in.Method == "PUT" && links[e.in.URL]) {
			c.report(e.path, "", false)
		}
	}
}

// checkReferences looks for references to entries that are not there.
func checkReferences(c *checking) {
	seen := 0
	look := func(e *entry, el *element.Element) {
		if urn(el.Value) {
			if _, ok := c.s.byURL[el.Value]; !ok && seen < element.MaxIssues {
				seen++
				c.report(element.Path(el), "", false)
			}
		}
	}
	for i := range c.s.entries {
		e := &c.s.entries[i]
		if e.root == nil {
			continue
		}
		for el := range element.References(e.root) {
			look(e, el)
		}
		if e.part == PartDocumentReference {
			along(e.root, "content.attachment.url", func(el *element.Element) { look(e, el) })
		}
	}
}

// checkPatch holds a Parameters entry to the one patch that a submission may carry.
func checkPatch(c *checking) {
	operations := 0
	for p := range c.root.Children("parameter") {
		if p.ChildValue("name") != "operation" {
			c.at(p, "")
			return
		}
		operations++
		found := map[string]string{}
		for part := range p.Children("part") {
			found[part.ChildValue("name")] = part.ChildValue("value")
		}
		if len(found) != 3 || found["type"] != "replace" || found["path"] != "DocumentReference.status" || found["value"] != "superseded" {
			c.at(p, "")
		}
	}
	if operations != 1 {
		c.at(c.root, "")
	}
}
