import { z } from 'zod';
import type { Plan } from '../../shared/model.ts';
import { refused } from '../../shared/problem.ts';
import type { PlanTable, SavedPlan } from './api.ts';
import type { Database, Row } from './database.ts';
import type { Schema } from './documents.ts';
import { bytes, column, pack, parse, sha256, unpack } from './documents.ts';

const plansKept = 20;

// What else stands in it is vouched for by the digest.
const shape = z.looseObject({ id: z.string(), createdAt: z.string(), changes: z.array(z.unknown()) });
const planSchema: Schema<Plan> = z.custom<Plan>(value => shape.safeParse(value).success, 'not a plan');

export function planTable(database: Database): PlanTable {
  const read = (row: Row): SavedPlan => {
    const what = `plan ${column(database, row, 'id')}`;
    const json = unpack(database, bytes(database, row, 'doc'), what);
    const digest = column(database, row, 'digest');
    if (sha256(json) !== digest) throw database.corrupt(`${what} does not have its digest`);
    const appliedBy = row['applied_by'] === null ? null : column(database, row, 'applied_by');
    return { plan: parse(database, json, planSchema, what), digest, appliedBy };
  };
  const get = (id: string) => {
    const row = database.get('SELECT * FROM plans WHERE id = ?', id);
    return row === null ? null : read(row);
  };

  return {
    save: plan =>
      database.transaction(() => {
        const known = get(plan.id);
        if (known !== null) {
          if (JSON.stringify(known.plan.changes) !== JSON.stringify(plan.changes)) throw changed(plan.id);
          // what a run carried out is not rewritten
          if (known.appliedBy !== null) return known;
          database.run('DELETE FROM plans WHERE id = ?', plan.id);
        }
        const json = JSON.stringify(plan);
        const digest = sha256(json);
        database.run('INSERT INTO plans (id, digest, doc) VALUES (?, ?, ?)', plan.id, digest, pack(json));
        database.run(
          `DELETE FROM plans WHERE applied_by IS NULL AND seq NOT IN
             (SELECT seq FROM plans WHERE applied_by IS NULL ORDER BY seq DESC LIMIT ?)`,
          plansKept,
        );
        return { plan, digest, appliedBy: null };
      }),
    get,
    latest: () => {
      const row = database.get('SELECT * FROM plans ORDER BY seq DESC LIMIT 1');
      return row === null ? null : read(row);
    },
  };
}

function changed(id: string): Error {
  return refused(
    'plan-changed',
    `a plan ${id} is saved already, and it holds other changes`,
    'Make the plan again and review it.',
  );
}
