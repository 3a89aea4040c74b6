package habilitation

import (
	"slices"
	"time"
)

// Transaction is what an actor wants to do with a record. The first group are the lines of matrix B, by their names in its file; the second are acts around them that matrix B does not have.
type Transaction string

// The lines of matrix B.
const (
	Authenticate          Transaction = "TD0.1"
	TestExistence         Transaction = "TD0.2"
	DeclareAuthorised     Transaction = "TD0.3-declare"
	WithdrawAuthorisation Transaction = "TD0.3-withdraw"
	LeaveTreatingDoctor   Transaction = "TD0.3-leave-treating-doctor"
	ListAuthorised        Transaction = "TD0.4" // the records that one is authorised for
	SearchWithoutINS      Transaction = "TD0.5"
	OpenWebPS             Transaction = "TD0.9" // the web DMP in a patient's context; TD0.10 in AIR
	ReadAdministrative    Transaction = "TD1.3a"
	ListProfessionals     Transaction = "TD1.6" // authorised and blocked ones
	Feed                  Transaction = "TD2.1"
	FeedByStaff           Transaction = "TD2.2"
	SearchMetadata        Transaction = "TD3.1-metadata"
	SearchReference       Transaction = "TD3.1-reference"
	ReadDocument          Transaction = "TD3.2"
	ReadMasked            Transaction = "TD3.2-masked"
	ReadInvisible         Transaction = "TD3.2-invisible" // to the patient or the legal representative
	ReadArchived          Transaction = "TD3.2-archived"
	ReadSuperseded        Transaction = "TD3.2-superseded"
	ReadDeleted           Transaction = "TD3.2-deleted"
	Mask                  Transaction = "TD3.3a-mask"
	Unmask                Transaction = "TD3.3a-unmask"
	ShowToPatient         Transaction = "TD3.3b"
	Archive               Transaction = "TD3.3d-archive"
	Unarchive             Transaction = "TD3.3d-unarchive"
	Delete                Transaction = "TD3.3c"
)

// Acts that matrix B does not have.
const (
	CreateRecord            Transaction = "create-record"
	CloseRecord             Transaction = "close-record"
	ReopenRecord            Transaction = "reopen-record"
	RequestDeletion         Transaction = "request-deletion" // of the whole closed record (L4)
	ChangeAdministrative    Transaction = "TD1.3b"
	ManageSharing           Transaction = "manage-sharing" // consents, oppositions, provisions, delegates, codes
	BlockProfessional       Transaction = "block-professional"
	ReadTraces              Transaction = "read-traces"     // all of a record
	ReadOwnTraces           Transaction = "read-own-traces" // of one's own acts
	HideFromPatient         Transaction = "hide-from-patient"
	HideFromRepresentatives Transaction = "hide-from-representatives"
	ShowToRepresentatives   Transaction = "show-to-representatives"
	HideFromSocialSector    Transaction = "hide-from-social-sector"
	ShowToSocialSector      Transaction = "show-to-social-sector"
	HideFromThirdPersons    Transaction = "hide-from-third-persons"
	ShowToThirdPersons      Transaction = "show-to-third-persons"
	Relabel                 Transaction = "relabel" // N, R, V
	Supersede               Transaction = "supersede"
)

// Target is the document that a transaction is about.
type Target struct {
	Type, Class  string    // typeCode, classCode
	Labels       []Label   // its visibility codes
	Deposited    time.Time // when it was deposited: INVISIBLE_PATIENT lapses; zero: just now
	Own          bool      // the actor is one of its authors
	OwnStructure bool      // an author is the actor's structure or one of its staff
	FromPatient  bool      // it was deposited by the patient; a type or class of D15 says so too
	State        State
}

// State is what a document's status and archived mark make of it.
type State string

// The states (D10).
const (
	Active     State = ""
	Archived   State = "archived"
	Superseded State = "superseded"
	Deleted    State = "deleted" // entered-in-error
)

// Label is a visibility code of TRE_A07-StatutVisibiliteDocument.
type Label string

// The visibility codes.
const (
	Masked                     Label = "MASQUE_PS"
	InvisibleToPatient         Label = "INVISIBLE_PATIENT"
	InvisibleToRepresentatives Label = "INVISIBLE_REPRESENTANTS_LEGAUX"
	MaskedToSocialSector       Label = "MASQUE_PSOCIAL"
	MaskedToThirdPersons       Label = "MASQUE_PT"
)

// matrixBTransactions are the lines that matrix B has, in its order.
var matrixBTransactions = []Transaction{
	Authenticate, TestExistence, DeclareAuthorised, WithdrawAuthorisation, LeaveTreatingDoctor, ListAuthorised, SearchWithoutINS, OpenWebPS, ReadAdministrative, ListProfessionals, Feed, FeedByStaff,
	SearchMetadata, SearchReference, ReadDocument, ReadMasked, ReadInvisible, ReadArchived, ReadSuperseded, ReadDeleted, Mask, Unmask, ShowToPatient, Archive, Unarchive, Delete,
}

// otherTransactions are the acts that it does not have.
var otherTransactions = []Transaction{
	CreateRecord, CloseRecord, ReopenRecord, RequestDeletion, ChangeAdministrative, ManageSharing, BlockProfessional, ReadTraces, ReadOwnTraces,
	HideFromPatient, HideFromRepresentatives, ShowToRepresentatives, HideFromSocialSector, ShowToSocialSector, HideFromThirdPersons, ShowToThirdPersons, Relabel, Supersede,
}

// Transactions are all that Decide knows: those of matrix B, then the others.
func Transactions() []Transaction { return slices.Concat(matrixBTransactions, otherTransactions) }

func (t Transaction) inMatrixB() bool { return slices.Contains(matrixBTransactions, t) }
