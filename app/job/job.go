// Package job knows background work: each job is idempotent and runs in one instance at a time, under
// a lease that another instance takes over when its holder dies. It knows neither the database nor
// what the jobs do.
package job

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Job is something to do again and again. Run must be safe to repeat and to interrupt.
type Job struct {
	Name  string
	Every time.Duration
	Lease time.Duration // longer than a run may take; 0 = 5 min
	Run   func(ctx context.Context, now time.Time) error
}

// Leases decides who may run. AcquireLease gives the job to owner when it is due and nobody holds it
// (or the holder's lease ran out); ReleaseLease ends the lease and says when the job is due again.
type Leases interface {
	AcquireLease(ctx context.Context, job, owner string, now time.Time, lease time.Duration) (bool, error)
	ReleaseLease(ctx context.Context, job, owner string, due time.Time, problem string) error
}

// Runner runs jobs.
type Runner struct {
	Leases Leases
	Jobs   []Job
	Owner  string
	Now    func() time.Time
	// Observe is told of each run's end; err is nil when it went well.
	Observe func(job string, err error)
}

// Once runs every job that is due and free, one after the other.
func (r *Runner) Once(ctx context.Context) error {
	var errs []error
	for _, j := range r.Jobs {
		if ctx.Err() != nil {
			break
		}
		if err := r.one(ctx, j); err != nil {
			errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Runner) one(ctx context.Context, j Job) error {
	lease := j.Lease
	if lease == 0 {
		lease = 5 * time.Minute
	}
	now := r.Now()
	mine, err := r.Leases.AcquireLease(ctx, j.Name, r.Owner, now, lease)
	if err != nil || !mine {
		return err
	}
	err = run(ctx, j, now, lease)
	if r.Observe != nil {
		r.Observe(j.Name, err)
	}
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r.Leases.ReleaseLease(end, j.Name, r.Owner, r.Now().Add(j.Every), problem)
}

func run(ctx context.Context, j Job, now time.Time, lease time.Duration) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	return j.Run(ctx, now)
}

// Run looks for due jobs until the context ends; a run in progress sees its context end and may finish
// its step.
func (r *Runner) Run(ctx context.Context, every time.Duration, failed func(error)) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if err := r.Once(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
