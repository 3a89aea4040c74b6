// Package dsubm tells other systems of documents as they come (IHE ITI Document Subscription for Mobile, ITI-110 to ITI-112; R4 backport of topic-based subscriptions 1.1.0).
//
// A client stores a Subscription: a topic and a filter, or plain R4 criteria, and an endpoint. The Broker shakes hands with the endpoint, then sends it a notification for each event, in the order of commits, at least once. What is to be sent is
// not queued anywhere: the history of the store is the queue, and a subscription's place in it, kept among the store's settings, moves only when the endpoint has accepted what came before. So nothing is written for an event, a restart
// resumes where it was, and a receiver that was down for a week gets what it missed.
//
// An endpoint that does not answer is tried again with exponential back-off and jitter; after the time that Options allow, the Subscription's status becomes error and its error says why, without a word about any person. A client that stores it
// again as requested has it resume at its place.
package dsubm
