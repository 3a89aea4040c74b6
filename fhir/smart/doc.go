// Package smart will hold OAuth 2 and SMART App Launch: discovery, grants, scopes, introspection. Nothing is built yet.
package smart
