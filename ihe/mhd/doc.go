// Package mhd is document sharing: IHE MHD 4.2.3 and the French profile over it, PDSm 3.1.1.
//
// Recipient takes documents in: Provide Document Bundle (ITI-65), Simplified Publish (ITI-105), Generate Metadata (ITI-106) and $ingest-cda. What comes in is judged whole by
// declared rules (Rules) before anything is written, and committed as one transaction. The other side, finding, reading and updating what was taken in, is described
// where it stands: search_*.go, metadata_*.go.
//
// docs/design/sharing.md tells the decisions.
package mhd
