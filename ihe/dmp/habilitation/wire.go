package habilitation

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Act is what setAuthorization does (A12).
type Act string

// The acts.
const (
	Add      Act = "AJOUT"
	Suppress Act = "SUPPRESSION"
)

// RoleTreatingDoctor is the optional role of setAuthorization.
const RoleTreatingDoctor = "MEDECIN_TRAITANT"

// ParseAct reads the action and role of setAuthorization.
func ParseAct(action, role string) (act Act, treatingDoctor bool, err error) {
	if Act(action) != Add && Act(action) != Suppress {
		return "", false, fmt.Errorf("the action is %s or %s", Add, Suppress)
	}
	if role != "" && role != RoleTreatingDoctor {
		return "", false, fmt.Errorf("the role is %s, or is left out", RoleTreatingDoctor)
	}
	return Act(action), role != "", nil
}

// ListMode says which professionals TD1.6 lists.
type ListMode string

// The modes of a list.
const (
	ListActive    ListMode = "ACTIVE"
	ListForbidden ListMode = "INTERDITE"
	ListAll       ListMode = "TOUTE"
)

// ParseListMode reads a mode; an empty one is ListActive.
func ParseListMode(mode string) (ListMode, error) {
	switch m := ListMode(mode); m {
	case "":
		return ListActive, nil
	case ListActive, ListForbidden, ListAll:
		return m, nil
	}
	return "", fmt.Errorf("the mode of the list is %s, %s or %s", ListActive, ListForbidden, ListAll)
}

// Lists says whether a professional in a state is in the list.
func (m ListMode) Lists(state AuthorisationState) bool {
	switch m {
	case ListActive:
		return state == AuthorisationValid
	case ListForbidden:
		return state == AuthorisationBlocked
	}
	return m == ListAll && state != AuthorisationNone
}

// maxActorText bounds every text of an Actor's JSON.
const maxActorText = 256

// ParseActor reads an Actor's JSON, as a token's claim has it. Kinds, modes and texts that there are not are refused; the access mode may be in any spelling of ParseAccessMode.
func ParseActor(text []byte) (*Actor, error) {
	var a Actor
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("the actor is no JSON of its shape: %w", err)
	}
	if !slices.Contains(kinds, a.Kind) {
		return nil, fmt.Errorf("the kind of the actor is one of %v", kinds)
	}
	mode, err := ParseAccessMode("", string(a.Mode))
	if err != nil {
		return nil, err
	}
	if a.Mode != "" {
		a.Mode = mode
	}
	if !slices.Contains([]Authentication{"", Direct, Indirect, ReinforcedIndirect}, a.Authentication) {
		return nil, fmt.Errorf("the authentication is %s, %s or %s", Direct, Indirect, ReinforcedIndirect)
	}
	for _, t := range []string{a.ID.System, a.ID.Value, a.Name, a.Profession, a.TrainingProfession, a.Speciality, a.Section, a.Role, a.Activity, a.SocialProfession, a.Title, a.Structure.System, a.Structure.Value} {
		if len(t) > maxActorText {
			return nil, fmt.Errorf("a text of the actor has more than %d bytes", maxActorText)
		}
	}
	return &a, nil
}
