import { z } from 'zod';
import type { Change } from '../../shared/model.ts';
import { refused } from '../../shared/problem.ts';
import type { RunChange, RunRecord } from '../../shared/run.ts';
import type { PlanTable, RunSummary, RunTable } from './api.ts';
import type { Database, Row } from './database.ts';
import { changeSchema, column, document, eventSchema, parse, problemSchema } from './documents.ts';
import { holdsHome, processToken } from './lock.ts';

const outcomes = z.enum(['running', 'applied', 'incomplete', 'failed', 'refused']);
const problemsSchema = z.array(problemSchema);

export function runTable(database: Database, home: string, plans: PlanTable): RunTable {
  const outcomeOf = (row: Row): RunRecord['outcome'] => {
    const outcome = outcomes.safeParse(row['outcome']);
    if (!outcome.success) throw database.corrupt('a run has an unknown outcome');
    if (outcome.data !== 'running') return outcome.data;
    const owner = column(database, row, 'owner');
    return owner === processToken || holdsHome(home, owner) ? 'running' : 'interrupted';
  };

  const summary = (row: Row): RunSummary => ({
    id: column(database, row, 'id'),
    startedAt: column(database, row, 'started_at'),
    finishedAt: row['finished_at'] === null ? null : column(database, row, 'finished_at'),
    outcome: outcomeOf(row),
    plan: column(database, row, 'plan'),
  });

  const rowOf = (id: string): Row => {
    const row = database.get('SELECT * FROM runs WHERE id = ?', id);
    if (row === null) throw unknownRun(id);
    return row;
  };

  const changesOf = (id: string) =>
    database
      .all('SELECT doc FROM run_changes WHERE run = ? ORDER BY position', id)
      .map(change => document(database, change, changeSchema, `a change of run ${id}`));

  const record = (row: Row): RunRecord => {
    const head = summary(row);
    const saved = plans.get(head.plan);
    if (saved === null) throw database.corrupt(`the plan of run ${head.id} is not there`);
    return {
      ...head,
      plan: saved.plan,
      changes: changesOf(head.id),
      problems: parse(database, column(database, row, 'problems'), problemsSchema, `the problems of run ${head.id}`),
    };
  };

  // A run of which everything was refused, rolled back or never begun left its servers as they were, and the next plan
  // is the same again.
  const leftTraces = (id: string): boolean => {
    const outcome = outcomeOf(rowOf(id));
    if (outcome === 'running' || outcome === 'interrupted') return true;
    return changesOf(id).some(change => ['applied', 'started', 'unknown'].includes(change.state));
  };

  return {
    begin: ({ id, startedAt, plan }) =>
      database.transaction(() => {
        const { appliedBy } = plans.save(plan);
        if (appliedBy !== null && leftTraces(appliedBy)) throw appliedPlan(plan.id, appliedBy);
        database.run('UPDATE plans SET applied_by = ? WHERE id = ?', id, plan.id);
        database.run(
          `INSERT INTO runs (id, plan, started_at, outcome, owner, problems) VALUES (?, ?, ?, 'running', ?, '[]')`,
          id,
          plan.id,
          startedAt,
          processToken,
        );
        for (const [position, change] of plan.changes.entries()) {
          const doc = JSON.stringify(plannedChange(change));
          database.run('INSERT INTO run_changes VALUES (?, ?, ?, ?)', id, change.id, position, doc);
        }
      }),
    resume: id =>
      database.transaction(() => {
        const outcome = outcomeOf(rowOf(id));
        if (outcome === 'running') throw runningRun(id);
        if (outcome === 'applied' || outcome === 'refused') throw finishedRun(id, outcome);
        database.run(
          `UPDATE runs SET outcome = 'running', finished_at = NULL, owner = ? WHERE id = ?`,
          processToken,
          id,
        );
      }),
    change: (id, change) => {
      const doc = JSON.stringify(change);
      if (database.run('UPDATE run_changes SET doc = ? WHERE run = ? AND change = ?', doc, id, change.id) === 0) {
        throw unknownRun(`${id}, change ${change.id}`);
      }
    },
    append: event => {
      rowOf(event.run);
      database.run('INSERT INTO run_events (run, doc) VALUES (?, ?)', event.run, JSON.stringify(event));
    },
    finish: (id, end) => {
      rowOf(id);
      database.run(
        'UPDATE runs SET outcome = ?, finished_at = ?, problems = ? WHERE id = ?',
        end.outcome,
        end.finishedAt,
        JSON.stringify(end.problems),
        id,
      );
    },
    list: () => database.all('SELECT * FROM runs ORDER BY seq DESC').map(summary),
    get: id => {
      const row = database.get('SELECT * FROM runs WHERE id = ?', id);
      return row === null ? null : record(row);
    },
    events: id =>
      database
        .all('SELECT doc FROM run_events WHERE run = ? ORDER BY seq', id)
        .map(row => document(database, row, eventSchema, `an event of run ${id}`)),
  };
}

function plannedChange(change: Change): RunChange {
  const { id, domains, pending } = change;
  return { id, state: 'planned', domains, pending, finishedAt: null, problem: null };
}

function unknownRun(id: string): Error {
  return refused('run-unknown', `there is no run ${id}`, 'See the runs there are: signet runs.');
}

function appliedPlan(id: string, run: string): Error {
  return refused(
    'plan-applied',
    `the plan ${id} was applied already, by run ${run}`,
    `A plan is applied once. Take the run up again (signet run resume ${run}), or make a new plan.`,
  );
}

function runningRun(id: string): Error {
  return refused('run-running', `the run ${id} is going on`, 'Wait until it is done.');
}

function finishedRun(id: string, outcome: string): Error {
  return refused('run-finished', `the run ${id} is finished: ${outcome}`, 'There is nothing left of it to do.');
}
