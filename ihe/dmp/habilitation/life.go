package habilitation

import (
	"time"
	_ "time/tzdata" // periods are counted in days of Paris, wherever the server runs
)

// Lengths that the code de la santé publique gives.
const (
	monthsInvisible   = 1  // D6: INVISIBLE_PATIENT, from the deposit
	daysReminder      = 14 // D6: the holder is informed within two weeks
	weeksOpposition   = 6  // L1, L5
	yearsKept         = 10 // L3
	monthsDeletion    = 3  // L4
	defaultMajority   = 18 // M4
	monthsTraces      = 12 // T5: traces online for one year...
	tracesAtLeastLast = 100
)

// The closing of a record on the wire (L2).
const (
	CodeClosedByPatient = "FERMETURE_DEMANDE_PATIENT" // system 1.2.250.1.213.4.1.2.4
	OIDClosingReason    = "1.2.250.1.213.4.1.2.4"
	CodeClosingAct      = "FERM" // system 1.2.250.1.213.1.1.4.11
	OIDManagementActs   = "1.2.250.1.213.1.1.4.11"
)

// A period in months or years ends with the day that has the number of the day on which it began or, where the last month has none, with the month's last day (code de procédure civile, articles 641 and 642). So what is invisible for a
// month from 31 January is visible on 1 March at 0 h, Paris.

// after gives the moment at which a period of months that begins on a day has ended.
func (e *Engine) after(begin time.Time, months int) time.Time {
	begin = begin.In(e.paris)
	year, month, day := begin.Date()
	last := time.Date(year, month+time.Month(months)+1, 0, 0, 0, 0, 0, e.paris)
	if day > last.Day() {
		day = last.Day()
	}
	return time.Date(last.Year(), last.Month(), day+1, 0, 0, 0, 0, e.paris)
}

// HiddenSince gives the first moment of deposit of which a label that hides for so many months still hides at a moment.
func (e *Engine) HiddenSince(months int, at time.Time) time.Time {
	at = at.In(e.paris)
	year, month, day := at.Date()
	// The day on which the months began, or the first of the next month where that month is shorter, may be hidden still; the day before is not.
	first := time.Date(year, month-time.Month(months), 1, 0, 0, 0, 0, e.paris)
	for d := time.Date(first.Year(), first.Month(), min(day, 28), 0, 0, 0, 0, e.paris); ; d = d.AddDate(0, 0, 1) {
		if e.after(d, months).After(at) {
			return d
		}
	}
}

// VisibleToPatientFrom is when a document with INVISIBLE_PATIENT becomes visible by itself (D6).
func (e *Engine) VisibleToPatientFrom(deposited time.Time) time.Time {
	return e.after(deposited, monthsInvisible)
}

// ReminderDue is when the professional is reminded that the patient must be informed (D6): within two weeks of the deposit.
func (e *Engine) ReminderDue(deposited time.Time) time.Time {
	return deposited.AddDate(0, 0, daysReminder)
}

// OppositionUntil is the end of the six weeks in which a person who was informed may oppose the opening of her record (L1).
func (e *Engine) OppositionUntil(informed time.Time) time.Time {
	y, m, d := informed.In(e.paris).Date()
	return time.Date(y, m, d+7*weeksOpposition+1, 0, 0, 0, 0, e.paris)
}

// MayOpen says whether a record may be opened by itself at a moment: the person was informed, six weeks have passed and she did not oppose (L1).
func (e *Engine) MayOpen(informed time.Time, opposed bool, at time.Time) Decision {
	switch {
	case opposed:
		return Decision{Rule: "L1", Why: "The person opposed the opening of her record."}
	case informed.IsZero():
		return Decision{Rule: "L1", Why: "Nothing says that the person was informed."}
	case at.Before(e.OppositionUntil(informed)):
		return Decision{Rule: "L1", Why: "The six weeks in which the person may oppose have not passed."}
	}
	return Decision{Permit: true, Rule: "L1", Why: "The person was informed and did not oppose within six weeks."}
}

// SuspensionCloses says when a suspended record is closed, unless its holder objects (L5): six weeks after she was told.
func (e *Engine) SuspensionCloses(told time.Time, objected bool) (at time.Time, closes bool) {
	return e.OppositionUntil(told), !objected
}

// KeptUntil is when a closed record is deleted by itself: ten years after its closing (L3). Reopened before, it comes back as it was.
func (e *Engine) KeptUntil(closed time.Time) time.Time { return e.after(closed, 12*yearsKept) }

// DeletionDue is by when a record is deleted whose holder expressly asked for it: three months (L4).
func (e *Engine) DeletionDue(requested time.Time) time.Time {
	return e.after(requested, monthsDeletion)
}

// DeleteNow says whether the documents of a closed record are deleted at a moment: at the latest three months after the request, or ten years after the closing (L3, L4). The zero time is none.
func (e *Engine) DeleteNow(closed, requested, at time.Time) Decision {
	switch {
	case closed.IsZero():
		return Decision{Rule: "L3", Why: "The record is not closed."}
	case !requested.IsZero() && !at.Before(requested):
		return Decision{Permit: true, Rule: "L4", Why: "The holder asked for the deletion.", Others: []RuleID{"L3"}}
	case !at.Before(e.KeptUntil(closed)):
		return Decision{Permit: true, Rule: "L3", Why: "Ten years have passed since the closing.", Others: []RuleID{"L4"}}
	}
	return Decision{Rule: "L3", Why: "The record is kept for ten years from its closing.", Others: []RuleID{"L4"}}
}

// Majority is the moment at which a person comes of age: the day of it at 0 h, Paris (M4).
func (e *Engine) Majority(birth time.Time) time.Time {
	y, m, d := birth.Date()
	return time.Date(y+e.AgeOfMajority(), m, d, 0, 0, 0, 0, e.paris)
}

// Minor says whether a person is a minor at a moment: below the age of majority (M4).
func (e *Engine) Minor(birth, at time.Time) bool { return at.Before(e.Majority(birth)) }
