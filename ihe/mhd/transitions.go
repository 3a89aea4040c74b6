package mhd

import (
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Action is what a metadata update does to a document. Access control asks Actions who does what.
type Action string

// The actions of the DMP's transactions TD3.3a to TD3.3d, and of a replacement.
const (
	Mask                 Action = "mask"                      // from health professionals: MASQUE_PS
	Unmask               Action = "unmask"                    //
	HideFromPatient      Action = "hide-from-patient"         // INVISIBLE_PATIENT
	ShowToPatient        Action = "show-to-patient"           //
	HideFromParents      Action = "hide-from-representatives" // INVISIBLE_REPRESENTANTS_LEGAUX
	ShowToParents        Action = "show-to-representatives"   //
	HideFromSocial       Action = "hide-from-social-sector"   // MASQUE_PSOCIAL
	ShowToSocial         Action = "show-to-social-sector"     //
	HideFromThirdPersons Action = "hide-from-third-persons"   // MASQUE_PT
	ShowToThirdPersons   Action = "show-to-third-persons"     //
	Archive              Action = "archive"                   //
	Unarchive            Action = "unarchive"                 //
	Supersede            Action = "supersede"                 // status current to superseded
	DeleteDocument       Action = "delete"                    // status to entered-in-error
	Relabel              Action = "relabel"                   // any other change of the labels (N, R, V)
)

// The statuses of a DocumentReference in a record. entered-in-error is the mark of deletion (TD3.3c).
const (
	statusCurrent    = "current"
	statusSuperseded = "superseded"
	statusDeleted    = "entered-in-error"
)

// statusTransitions are the changes of status that there are. What is superseded has a successor and what is deleted is gone for good: neither comes back.
var statusTransitions = map[[2]string]Action{
	{statusCurrent, statusSuperseded}: Supersede,
	{statusCurrent, statusDeleted}:    DeleteDocument,
	{statusSuperseded, statusDeleted}: DeleteDocument,
}

// maskActions are the actions by which a visibility code of TRE_A07 comes and goes.
var maskActions = map[string][2]Action{
	"MASQUE_PS":                      {Mask, Unmask},
	"INVISIBLE_PATIENT":              {HideFromPatient, ShowToPatient},
	"INVISIBLE_REPRESENTANTS_LEGAUX": {HideFromParents, ShowToParents},
	"MASQUE_PSOCIAL":                 {HideFromSocial, ShowToSocial},
	"MASQUE_PT":                      {HideFromThirdPersons, ShowToThirdPersons},
}

// docState is what a metadata update changes.
type docState struct {
	status   string
	archived bool
	masks    []string // visibility codes, in capitals, sorted
	others   []string // all other label codings, "system|code", sorted
}

func stateOf(root *element.Element) docState {
	s := docState{status: root.ChildValue("status"), archived: isArchived(root)}
	for label := range root.Children("securityLabel") {
		for c := range label.Children("coding") {
			system, code := c.ChildValue("system"), c.ChildValue("code")
			if visibilitySystems[system] {
				s.masks = append(s.masks, strings.ToUpper(code)) // TRE_A07 is not case-sensitive
				continue
			}
			s.others = append(s.others, system+"|"+code)
		}
	}
	slices.Sort(s.masks)
	slices.Sort(s.others)
	s.masks, s.others = slices.Compact(s.masks), slices.Compact(s.others)
	return s
}

func isArchived(root *element.Element) bool {
	e := archivedMark(root)
	return e != nil && e.ChildValue("value") == "true"
}

// archivedMark gives the extension pdsm-ext-is-archived, nil when it is not there.
func archivedMark(root *element.Element) *element.Element {
	for e := range root.Children("extension") {
		if e.ChildValue("url") == extArchived {
			return e
		}
	}
	return nil
}

// Actions tells what a change of a DocumentReference does, in the order of the constants' groups: none when neither status, labels nor archived mark change. A change of status that there is not gives no action; MetadataRules
// refuses it.
func Actions(before, after *element.Element) []Action {
	a, b := stateOf(before), stateOf(after)
	var actions []Action
	if action, ok := statusTransitions[[2]string{a.status, b.status}]; ok {
		actions = append(actions, action)
	}
	if a.archived != b.archived {
		actions = append(actions, map[bool]Action{true: Archive, false: Unarchive}[b.archived])
	}
	for _, code := range []string{"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX", "MASQUE_PSOCIAL", "MASQUE_PT"} {
		was, is := slices.Contains(a.masks, code), slices.Contains(b.masks, code)
		switch {
		case !was && is:
			actions = append(actions, maskActions[code][0])
		case was && !is:
			actions = append(actions, maskActions[code][1])
		}
	}
	if !slices.Equal(a.others, b.others) && (len(actions) == 0 || !onlyNormal(a.others) || !onlyNormal(b.others)) {
		actions = append(actions, Relabel)
	}
	return actions
}

// onlyNormal says whether the labels hold nothing but the code N: the DMP's clients put a mask in its place and it in the place of a mask.
func onlyNormal(labels []string) bool {
	return !slices.ContainsFunc(labels, func(l string) bool { return !strings.HasSuffix(l, "|N") })
}

// judge refuses what is no transition, an issue for each reason.
func (m *MetadataRules) judge(before, after *element.Element) error {
	a, b := stateOf(before), stateOf(after)
	var r refusals
	if a.status != b.status {
		if _, ok := statusTransitions[[2]string{a.status, b.status}]; !ok {
			r.add("DocumentReference.status", fault.BusinessRule,
				"A document's status goes from current to superseded or entered-in-error, and from superseded to entered-in-error; there is no other change, and none back.")
		}
	}
	if a.status == statusDeleted && len(Actions(before, after)) > 0 {
		r.add("DocumentReference.status", fault.BusinessRule, "The document is deleted (entered-in-error): its labels and its archived mark do not change any more.")
	}
	if !a.archived && b.archived && b.status != statusCurrent {
		r.add("DocumentReference.extension", fault.BusinessRule, "Only a document whose status is current can be archived.")
	}
	r.archivedMark(after)
	r.labels(before, after)
	both := func(s *docState) bool {
		return slices.Contains(s.masks, "MASQUE_PS") && slices.Contains(s.masks, "INVISIBLE_PATIENT")
	}
	if !m.MaskedAndInvisible && both(&b) && !both(&a) {
		r.add("DocumentReference.securityLabel", fault.BusinessRule,
			"A document cannot be MASQUE_PS and INVISIBLE_PATIENT at the same time: nobody could read it. Send the one that is meant, in the whole list of labels.")
	}
	return r.err()
}

// refusals are the reasons for a 422.
type refusals []fault.Issue

func (r *refusals) add(expression string, code fault.Code, text string) {
	*r = append(*r, fault.Issue{Severity: fault.Error, Code: code, Expression: expression, Diagnostics: text})
}

func (r *refusals) err() error {
	if f := fault.Of(http.StatusUnprocessableEntity, *r); f != nil {
		return f
	}
	return nil
}

// archivedMark requires one mark with a boolean.
func (r *refusals) archivedMark(root *element.Element) {
	count := 0
	for e := range root.Children("extension") {
		if e.ChildValue("url") != extArchived {
			continue
		}
		count++
		if value := e.Child("value"); value == nil || value.Type.Name != "boolean" {
			r.add("DocumentReference.extension", fault.Value, "The extension pdsm-ext-is-archived has a valueBoolean, true or false.")
		}
	}
	if count > 1 {
		r.add("DocumentReference.extension", fault.BusinessRule, "The extension pdsm-ext-is-archived stands in a DocumentReference once at most.")
	}
}
