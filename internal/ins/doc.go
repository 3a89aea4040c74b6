// Package ins is the matricule of the identité nationale de santé (INS): 15 characters, which are a NIR (numéro d'inscription au répertoire) or,
// while a person has none, a NIA (numéro identifiant d'attente), under one of four assigning authorities. It parses and checks; it knows
// neither people nor records.
//
//	position  1    2-3   4-5    6-7         8-10     11-13  14-15
//	          sex  year  month  department  commune  order  key
//
// Department and commune together are the code of the place of birth in INSEE's code officiel géographique (COG) as it was at the registration: 2A and 2B
// are Corsica since 1976, 97 and 98 take a third digit (overseas), 99 is followed by the country's code, 91 to 96 may also be Algeria, Morocco and Tunisia
// before their independence. Months above 12 stand for incomplete birth certificates.
//
// # What the key catches
//
// The key is 97 - (N mod 97), N being the first 13 characters with 2A read as 19 and 2B as 18. 97 is a prime that divides neither 10 nor any difference of two digits, so
// every change of one character and every exchange of two neighbours is caught: TestKeyCatches... prove it for all positions. It cannot catch all changes of two or
// more characters: about one in 97 passes, and 2A for 19, or 2B for 18, always does, as both are read as the same number.
//
// # Privacy
//
// A Matricule prints as its kind only, in every format and in structured logs: the number leaves by Number, Token and CX alone. Errors name the rule that a text breaks and never the
// text.
package ins
