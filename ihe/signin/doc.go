// Package signin is who calls, as France knows them: identities from outside, and what they become.
//
// A Client is a relying party of OpenID Connect for one provider (Pro Santé Connect, FranceConnect, the application of the carte Vitale): authorization code with PKCE, state, nonce, the issuer of the answer
// (RFC 9207), the level of assurance (acr), signed userinfo. Its Claims are read as the provider's own: ReadProfessional for Pro Santé Connect, ReadPerson for people. A professional has one or several situations
// of exercise and signs in with one; a person is matched with a record by the INS, or by the five strict traits, never by less.
//
// Institution reads the organisation of a client certificate (indirect authentication of the DMP).
//
// Sandbox is a real OpenID Connect provider for people who do not exist, so that all this runs without a network.
package signin
