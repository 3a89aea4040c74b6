// Package habilitation is an oracle for who may read and do what in a record of the DMP, made from the published tables alone: it shares no code with the server's
// engine, and a server is seen only over HTTP by those who ask it. It says yes or no for one question at a time; it knows nothing of searches.
package habilitation
