// Package agenda will hold appointments: FHIR scheduling, iCalendar, CalDAV. Nothing is built yet.
package agenda
