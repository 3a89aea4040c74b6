package main

func traceCases() []ruleCase       { return nil }
func lifeCases() []ruleCase        { return nil }
func matrixCases() []ruleCase      { return nil }
func ownRuleCases() []ruleCase     { return nil }
func applicationCases() []ruleCase { return nil }
