// Package mongo will keep the store contract on MongoDB, where one machine is outgrown. Nothing is built yet.
package mongo
