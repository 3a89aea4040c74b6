// Package balp is the trace: an AuditEvent for each access, by the patterns of IHE BALP (Basic Audit Log Patterns, 1.1.4) and MHD, durable before the first byte of the answer that it traces leaves; and what follows from it for the
// person whose record it is: she is told of the first access of each professional, of emergencies, and of documents that come or change.
//
// Trace is a rest.Watcher that writes, and an interceptor that keeps AuditEvents as they were written. Notifier reads the history of AuditEvents and documents behind the commits and writes Communications.
//
// An AuditEvent names people by identifiers and references, never by names, and holds no clinical content beside the query that was sent, which BALP asks for as it came.
package balp
