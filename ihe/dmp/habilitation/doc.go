// Package habilitation holds the access rules of the French shared health record (dossier médical partagé, DMP) as data and pure functions: who an Actor is, what a record says of it (Situation), what it may do (Engine.Decide) and
// which documents exist for it (Engine.Reading). It knows no store and no HTTP.
//
// Two official tables apply and both must say yes. Matrix A (arrêté of 26 October 2023, published by the CNAM) says which profession may read which type of document. Matrix B (GIE SESAM-Vitale, PDT-INF-526 and PDT-INF-606) says which
// kind of actor may carry out which transaction in which access mode. Both are data with a version and a date, read from files (Load), never conditions in code. The numbered rules around them (A1 to L8) are declared in Rules;
// each Decision names the rule that decided.
package habilitation
