import type { ServerRow } from '../../../shared/contract.ts';
import { scan } from '../../app/actions.ts';
import { useClient } from '../../app/engine.tsx';
import { go } from '../../app/router.ts';
import { useWork } from '../../app/work.ts';
import { EmptyState } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { texts } from '../../texts.ts';
import { setFilter } from './domains-view.ts';
import type { DomainTable } from './use-domain-table.ts';

/** Why there is no row, and what to do first: add a server, scan it, or let go of the filter. */
export function NothingHere(props: { readonly table: DomainTable; readonly servers: readonly ServerRow[] }) {
  const client = useClient();
  const isScanning = useWork(work => Boolean(work.tasks.scan));
  const { table, servers } = props;
  if (table.isLoading) return <p className="loading-note">{texts.loading}</p>;
  if (table.rows.length > 0)
    return (
      <EmptyState icon="filter" {...texts.domains.noMatch}>
        <Button onPress={() => setFilter('')}>{texts.domains.clearFilter}</Button>
      </EmptyState>
    );
  if (servers.length > 0)
    return (
      <EmptyState icon="scan" {...texts.domains.notScanned}>
        <Button variant="primary" icon="scan" isPending={isScanning} onPress={() => void scan(client)}>
          {texts.domains.scanNow}
        </Button>
      </EmptyState>
    );
  return (
    <EmptyState icon="servers" {...texts.domains.firstStart}>
      <Button variant="primary" icon="plus" onPress={() => go('servers', '+add')}>
        {texts.servers.add}
      </Button>
      <Button icon="import" onPress={() => go('servers', '+import')}>
        {texts.servers.import}
      </Button>
    </EmptyState>
  );
}
