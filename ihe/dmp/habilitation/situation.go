package habilitation

import "time"

// Situation is what one record says of one actor at one moment. The zero Situation is an open record that knows nothing of the actor.
type Situation struct {
	At time.Time // the moment; the tables in force then are used

	// The record.
	Closed         bool
	Suspended      bool // by the CNAM (L5)
	AttachedToMES  bool // RATTACHEMENT_ENS (L8)
	Minor          bool // the holder is a minor: Engine.Minor
	ProtectedAdult bool // an adult whom somebody represents
	// HiddenByDefault is the holder's setting for new documents (D5): they are deposited masked.
	HiddenByDefault bool

	// Related: the record is the holder's own; or the one of the person whom a representative represents, whose profile an administrator administers, who lets a delegate or an application act. The relation holds at the moment.
	Related bool

	// What the person said of the professional, or of its structure.
	Informed       bool          // of the care team and of her right to object (A2)
	Objected       bool          // against the care team, or this member of it
	Blocked        bool          // A8
	Unblocked      time.Time     // when a block was last lifted: what was authorised before does not come back (A9); zero: never
	FirstConsent   bool          // the explicit initial consent to the care team (A3)
	Team           Authorisation // as a member of the équipe de soins
	Moment         Authorisation // consent of this consultation (A4)
	TreatingDoctor bool          // médecin traitant DMP (A14)

	// Oppositions and permissions for emergencies (E3, E4).
	OpposedBreakGlass bool // OPPOSITION_BRIS_DE_GLACE
	OpposedCentre15   bool // OPPOSITION_ACCES_URGENCE
	MaskedInEmergency bool // the person allowed masked documents in emergencies

	// The holder's own provisions (A7).
	Denied []Provision

	// Codes are temporary access codes that the caller presented, each with the headings that the holder chose.
	Codes []Provision
	// Grants are the holder's consents to an application.
	Grants []Grant
	// FeedingRefused are the holder's oppositions to the feeding of kinds of documents (D17, D18).
	FeedingRefused []Provision
}

// Authorisation is the word of a person that a professional may consult her record.
type Authorisation struct {
	Given     time.Time  // zero: there is none
	Until     time.Time  // the end that it names; zero: as long as Options.AuthorisationLength says
	Collector Identifier // the professional who collected it for another (A5); zero: the beneficiary itself
}

// Provision says of whom and of which documents the holder speaks. An empty list stands for all.
type Provision struct {
	Actors      []Identifier // professionals or structures, in the spelling that the Actor has: they are compared as they are
	Professions []string     // codes of TRE_G15, TRE_R94 or TRE_R95, or columns of matrix A
	Classes     []string     // classCodes
	Types       []string     // typeCodes
	From, Until time.Time    // zero: without bound
	// Reason: the holder gave a legitimate reason, which an opposition to feeding needs once a professional is authorised (D17).
	Reason bool
	// Except are the exceptions of a denial: whom, and for which documents, it does not concern. An exception lifts the denial, no more: it never widens matrix A.
	Except []Provision
}

// Grant is a holder's consent to an application: to documents, of the classes and types that it names (empty: all), to clinical data that come from no document, or to both.
type Grant struct {
	Documents, Data bool
	Classes, Types  []string
	Read, Write     bool
	From, Until     time.Time
}
