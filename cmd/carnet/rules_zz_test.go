package main

func maskingCases() []ruleCase     { return nil }
func documentCases() []ruleCase    { return nil }
func minorCases() []ruleCase       { return nil }
func traceCases() []ruleCase       { return nil }
func lifeCases() []ruleCase        { return nil }
func matrixCases() []ruleCase      { return nil }
func ownRuleCases() []ruleCase     { return nil }
func applicationCases() []ruleCase { return nil }
