// Package dmp will hold the national layer: the INS, the habilitation matrix, consent, masking, break-glass and the life of a record. Nothing is built yet.
package dmp
