// Package dryrun walks the real sign-in machine as a pretend visitor: nothing is written and nothing is
// sent. A walk is what the admin chose and what the visitor did, in order; everything else (the attempt
// with its facts, the pretend accounts, the codes that would have been mailed) follows from it by walking
// it again, with a clock and random numbers that belong to the walk. So it can travel sealed in a form, it
// works over any number of instances, and "one step back" is the walk without its last event.
//
// It decides nothing about sign-in: the machine, Next, risk and policy are those that customers meet.
package dryrun
