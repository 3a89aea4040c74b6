// Package clockwork is what happens to a record by itself, with time (habilitation rules D6, L3, L4):
//
//   - A document with the label INVISIBLE_PATIENT becomes visible to the patient one month after its deposit; two weeks after it, its author is reminded that the person must be told (CSP R1111-53).
//   - A closed record is deleted ten years after its closing, or within three months of an express request (CSP R1111-36).
//
// A Sweeper looks for what is due when it starts and every minute. Nothing is scheduled: when something is due follows from what is stored, so a restart loses nothing and doing it twice does nothing. The lengths and the calendar are those of habilitation.Engine; that a Consent ends needs
// no work, as conditions compare its period with the clock.
package clockwork
