// Package balp will hold the audit trail: IHE BALP AuditEvents, durable before the answer that they trace. Nothing is built yet.
package balp
