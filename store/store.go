// Package store is the contract between Carnet and the engine that keeps its data. A back-end knows resources as bytes plus
// index entries and no FHIR semantics; package storetest holds every back-end to the prose below.
//
// # Time
//
// The store lives on one number line, Time: microseconds since the Unix epoch, a hybrid logical clock. Each commit has its
// own Time, greater than that of every commit before it and not below the wall clock. Head is the Time of the newest
// commit that is durable and visible. A View at t sees what was committed at or before t, for ever: views of one t give
// the same answers today, while others write, and after a restart.
//
// # Atomicity
//
// A Tx is all or nothing. Rows are written in any order and mean nothing until the small record that moves Head is durable;
// that write is the last. Commit returns after it. After a crash every acknowledged Tx is there whole; one that was not
// acknowledged is there whole or not at all.
//
// # Order
//
// Transactions take effect one at a time, in the order of their Times. Expectations and the Guard of a Tx are judged
// against the state just before it, so that a decision made from a Guard's View cannot be overtaken.
package store

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors that every back-end gives; they are found with errors.Is.
var (
	// ErrNotFound says that no such record, version, blob or index is visible in the view.
	ErrNotFound = errors.New("store: not found")
	// ErrConflict says that an Expectation of a Tx was not met; nothing was written. See ConflictError.
	ErrConflict = errors.New("store: expectation not met")
	// ErrFuture says that a View was asked for a Time after Head.
	ErrFuture = errors.New("store: time is after head")
	// ErrFormat says that the data on disk was written by a newer or an unknown format.
	ErrFormat = errors.New("store: unknown format version")
	// ErrCorrupt says that bytes on disk are not what was written.
	ErrCorrupt = errors.New("store: corrupt")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store: closed")
	// ErrFailed says that the back-end could not make data durable and takes no more writes until it is opened again. Whether the
	// Tx that got it is there is then seen: whole, or not at all.
	ErrFailed = errors.New("store: failed, no more writes are taken")
	// ErrNotEmpty says that Import was asked of a store that holds data.
	ErrNotEmpty = errors.New("store: not empty")
	// ErrTooLarge says that a Tx has more writes or bytes than the back-end takes in one commit.
	ErrTooLarge = errors.New("store: transaction too large")
)

// ConflictError is an ErrConflict that names the write whose expectation failed.
type ConflictError struct {
	// Write is the position in Tx.Writes.
	Write int
	// Found is the current version, 0 when the record never existed.
	Found uint64
	// Deleted says that the current version is a deletion.
	Deleted bool
}

// Error names no id: ids may be identities.
func (e *ConflictError) Error() string { return ErrConflict.Error() }

// Unwrap makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// Time is a point on the store's number line: microseconds since the Unix epoch, unique to one commit.
type Time int64

// Wall gives the instant that a Time stands for, in UTC, cut to milliseconds (what meta.lastUpdated shows).
func (t Time) Wall() time.Time { return time.UnixMicro(int64(t)).UTC().Truncate(time.Millisecond) }

// RID is the number of a record for its whole life, through updates, deletion and re-creation. It is a tick of the same number line as Time: a record's RID is
// greater than the Time of every commit before its creation and not greater than the Time of the commit that created it. So
// RIDs order records by creation, and a record with RID > t did not exist at t.
type RID uint64

// Entry is one index row that a record stands in: "under this index, at this value, find me". Index names are the caller's
// ("Patient.birthdate"); values are ordered as bytes. A value may hold any bytes and be empty; at most MaxValue long.
type Entry struct {
	Index string
	Value []byte
}

// MaxValue is the longest Entry.Value in bytes.
const MaxValue = 1024

// Method tells how a version came to be.
type Method uint8

// The methods of a version.
const (
	Created Method = iota + 1 // first version, or the first after a deletion
	Updated
	Deleted
)

// Stamp is what the store decides about a version at its commit.
type Stamp struct {
	Version uint64 // from 1, without gaps
	Time    Time   // of the commit
}

// Body makes the bytes of a version once its Stamp is known. Append must be fast, pure and safe to call more than once: it
// runs where commits are serialised.
type Body interface {
	Append(dst []byte, s Stamp) []byte
}

// Digest is the SHA-256 of a blob's bytes.
type Digest [32]byte

// Expectation is what a Write requires of the record's current state.
type Expectation struct {
	Kind    ExpectKind
	Version uint64 // with ExpectVersion
}

// ExpectKind is the kind of an Expectation.
type ExpectKind uint8

// The kinds of expectation.
const (
	ExpectAny     ExpectKind = iota // no requirement
	ExpectAbsent                    // never existed, or is deleted
	ExpectVersion                   // the current version (a deletion counts as one) is Version; 0: never existed
	ExpectLive                      // exists and is not deleted
)

// Write is one new version of one record. A Tx holds at most one Write for each record.
type Write struct {
	Type, ID string
	Expect   Expectation
	// Delete makes a deletion: Body, Entries and Blob are ignored. Deleting what is deleted or never existed writes nothing
	// (the Receipt says so with Method 0).
	Delete  bool
	Body    Body
	Entries []Entry  // in any order; duplicates are dropped. The store compares them with those of the current version.
	Blob    *BlobRef // the document that belongs to this version, already committed to Blobs
}

// BlobRef points from a version to the bytes of its document.
type BlobRef struct {
	Digest Digest
	Size   int64
}

// Tx is a set of writes that take effect together, or not at all.
type Tx struct {
	Writes []Write
	// Meta sets small named settings in the same commit (nil value: removes it). They have no history.
	Meta map[string][]byte
	// ReadAt is the Time of the View from which the caller made its decisions; 0 when it read nothing. Guard is not called when nothing was
	// committed since.
	ReadAt Time
	// Guard, when set, is called at the commit point with a View of the state just before it; an error refuses the Tx and is returned
	// by Commit as it is. It must be fast: nobody else commits meanwhile.
	Guard func(View) error
	// Reads, when set, names all that Guard's answer can depend on; a store need not ask a Guard whose reads nobody wrote since ReadAt.
	Reads *Reads
}

// Reads are what somebody read of a View: all records that have one of the Entries, and the Records, whether or not they exist. They are written when such a record gets a new
// version or is deleted, when another one becomes such a record, or ceases to be one.
type Reads struct {
	Entries []Entry
	Records []Name
}

// Name is what a record is called.
type Name struct{ Type, ID string }

// Receipt tells what a commit did: the Time, and for each Write in order its outcome. A Tx that writes nothing makes no commit: its Time is
// that of the newest one before it.
type Receipt struct {
	Time   Time
	Writes []Written
}

// Written is the outcome of one Write.
type Written struct {
	RID     RID
	Version uint64
	Method  Method // 0: nothing was written (deletion of what is not there)
}

// Record is one version of a resource. It owns its memory.
type Record struct {
	Type, ID string
	RID      RID
	Version  uint64
	Time     Time
	Method   Method
	Blob     *BlobRef
	Body     []byte // nil when Method is Deleted
	// Index holds the version's index entries, sorted by index and value, without those of dropped indexes. Every version keeps its own, so
	// that a page at an older time can be filtered and sorted as the first was; it is nil for deletions.
	Index []IndexEntry
}

// IndexEntry is an Entry in stored form.
type IndexEntry struct {
	Index IndexID
	Value []byte
}

// IndexID is the number that a store gave to an index name.
type IndexID uint32

// Store keeps records. All methods are safe for concurrent use.
type Store interface {
	// Head is the newest Time that a View can be asked for. It never goes back.
	Head() Time
	// View opens a view at t (0: Head). It must be closed; it holds no lock and does not stop writers.
	View(t Time) (View, error)
	// Commit writes a Tx durably, or returns ErrConflict (as *ConflictError), ErrTooLarge, ErrClosed, the Guard's error or the context's when it ended before
	// the Tx was taken up; after that it is carried through. A refusal, too, returns only when all that it rests on is durable and at or
	// before Head: who was told of a conflict finds it in a new View. ErrFailed leaves open whether the Tx is there.
	Commit(ctx context.Context, tx *Tx) (*Receipt, error)
	// Blobs keeps the bytes of documents.
	Blobs() Blobs

	// Reindex adds entries to the current version of a record in the background of normal writes, when it is still the version named;
	// otherwise it does nothing (the newer version was written with the newer entries). The entries become visible at one commit, dated back to the version's own Time.
	Reindex(ctx context.Context, batch []Reindex) error
	// DropIndex removes all rows of an index and its entries from records' Index as far as readers can see, at all times. ErrNotFound when
	// no record ever stood in it. An index of the same name that comes later is a new one.
	DropIndex(ctx context.Context, index string) error
	// Walk calls yield with the current, not deleted record of every resource of the type (every type when typ is ""), in the order of type
	// name and RID, leaving out RIDs up to after. A record that is written while the walk is under way may come as it was or as it is.
	Walk(ctx context.Context, typ string, after RID, yield func(*Record) error) error

	// Export writes the whole store (all versions, settings, blobs) as seen at Head, while others write, as a tar stream that Import of any back-end reads.
	Export(ctx context.Context, w io.Writer) error
	// Import fills an empty store (else ErrNotEmpty) from an Export, keeping RIDs, versions and Times: every View at every Time gives the same
	// answers. It is all or nothing; ErrFormat and ErrCorrupt tell what is wrong with the stream.
	Import(ctx context.Context, r io.Reader) error

	// Stats gives figures for metrics and for doctor.
	Stats() Stats
	// Close waits for running commits and closes. Views must be closed before.
	Close() error
}

// Reindex is one record's new entries, for Store.Reindex.
type Reindex struct {
	RID     RID
	Type    string
	Version uint64
	Entries []Entry
}

// View is the store as it was at one Time. It is safe for concurrent use; its cursors are not, each belongs to one goroutine.
type View interface {
	// Time of the view.
	Time() Time
	// Read gives the record of a type and id, as of the view; a deletion is given as such. ErrNotFound when there never was one.
	Read(typ, id string) (*Record, error)
	// Get gives the record of an RID, as Read does.
	Get(rid RID) (*Record, error)
	// Version gives one version of a record, deletions included, when it is not after the view.
	Version(typ, id string, version uint64) (*Record, error)
	// Count gives the number of records of the type that are not deleted; ok is false when the view is too old for it to be known cheaply.
	Count(typ string) (n int64, ok bool)
	// Index gives the number of an index name; false when no record ever stood in it.
	Index(name string) (IndexID, bool)
	// Scan walks the rows of a range of an index that are visible in the view.
	Scan(r Range) Cursor
	// Live walks the records of a type that are not deleted, newest (greatest RID) first: a Range over one empty value.
	Live(typ string) Cursor
	// History walks versions, newest first.
	History(h HistoryRange) HistoryCursor
	// Meta gives a setting as it is at Head, whatever the view's Time (settings have no history). ErrNotFound when unset. Settings are kept
	// in memory and meant to be few and small.
	Meta(name string) ([]byte, error)
	// Close frees the view.
	Close() error
}

// Range is a part of an index: values v with Lo <= v < Hi as bytes (Hi nil: to the end of the index).
type Range struct {
	Index  IndexID
	Lo, Hi []byte
	// Reverse walks values from high to low.
	Reverse bool
}

// Exactly is the Range of one value.
func Exactly(index IndexID, value []byte) Range {
	hi := make([]byte, len(value)+1)
	copy(hi, value)
	return Range{Index: index, Lo: value, Hi: hi}
}

// Cursor walks index rows in the order (value ascending, RID descending); with Reverse (value descending, RID ascending). A record
// that stands in a range with several values comes once for each.
type Cursor interface {
	// Next moves to the next row; false at the end or on an error, see Err.
	Next() bool
	// Seek moves to the first row at or after (value, rid) in the cursor's order and says whether there is one. It only moves forward: when
	// the current row is there or behind, it stays. It may be the first move.
	Seek(value []byte, rid RID) bool
	// Value is the current row's value; valid until the next move.
	Value() []byte
	// RID is the current row's record.
	RID() RID
	// Steps is the number of rows read so far, visible or not: what the walk cost.
	Steps() int
	Err() error
	Close() error
}

// HistoryRange says which versions to walk: of one record (Type and ID), of a type (Type) or of all.
type HistoryRange struct {
	Type, ID string
	// Since leaves out versions at or before it; Before leaves out versions at or after it (0: none).
	Since, Before Time
	// After resumes behind a version already given.
	After *HistoryPosition
}

// HistoryPosition is a place in a history walk.
type HistoryPosition struct {
	Time Time
	RID  RID
}

// HistoryCursor walks versions in the order (Time descending, RID descending).
type HistoryCursor interface {
	Next() bool
	// Record reads the version at the cursor.
	Record() (*Record, error)
	Position() HistoryPosition
	// Type, RID and Version are known without reading the record.
	RID() RID
	Version() uint64
	Err() error
	Close() error
}

// Blobs keeps documents by the SHA-256 of their bytes. Equal bytes are kept once.
type Blobs interface {
	// Create starts a blob. The caller writes its bytes, then calls Commit or Abort.
	Create(ctx context.Context) (BlobWriter, error)
	// Open reads a blob; ErrNotFound when there is none. The reader can seek.
	Open(ctx context.Context, d Digest) (BlobReader, error)
	// Sweep removes blobs to which no version of any record points, and that are older than the age (a blob is committed before the
	// Tx that points to it). It returns how many it removed.
	Sweep(ctx context.Context, age time.Duration) (int, error)
}

// BlobWriter takes a blob's bytes.
type BlobWriter interface {
	io.Writer
	// Commit makes the blob durable and readable.
	Commit() (BlobRef, error)
	// Abort drops what was written; after Commit it does nothing.
	Abort() error
}

// BlobReader reads a blob.
type BlobReader interface {
	io.ReadSeekCloser
	Size() int64
}

// Stats are figures of a store.
type Stats struct {
	Format    int              // on-disk format version
	DiskBytes int64            // used by records, indexes and the log that is not in them yet; without blobs
	Records   map[string]int64 // live records by type
	Commits   int64            // since open
	Groups    int64            // fsynced groups since open
	BlobBytes int64            // -1 when not known cheaply
}
