// Package smart is the authorization server: SMART App Launch 2.2 (https://hl7.org/fhir/smart-app-launch/) on OAuth 2 and OpenID Connect, with the transactions of IHE
// IUA on the same tokens (ITI-71 get, ITI-72 incorporate, ITI-102 introspect, ITI-103 metadata).
//
// It signs nobody in and knows no country: a Login vouches for people, a Policy says what they are asked and what is granted. Scopes are read by fhir/smart/scope,
// tokens are minted and verified by fhir/smart/token.
package smart
