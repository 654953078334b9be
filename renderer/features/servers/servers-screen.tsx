import type { ServerRow } from '../../../shared/contract.ts';
import { scan } from '../../app/actions.ts';
import { useClient, useServers } from '../../app/engine.tsx';
import { ago, count } from '../../app/format.ts';
import { fleetSummary } from '../../app/fleet.ts';
import { useNow } from '../../app/now.ts';
import { go, useRoute } from '../../app/router.ts';
import { useShortcut } from '../../app/shortcuts.ts';
import { problemOf } from '../../app/toasts.ts';
import { useWork } from '../../app/work.ts';
import { EmptyState, PageHeader } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import type { GridColumn } from '../../components/grid.tsx';
import { Grid } from '../../components/grid.tsx';
import { allLines } from '../../components/grid-lines.ts';
import { Icon } from '../../components/icon.tsx';
import { ProblemNote, severityIcons } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { AddServer } from './add-server.tsx';
import { ImportServers } from './import-servers.tsx';
import { ServerPanel } from './server-panel.tsx';
import './servers.css';

export function ServersScreen() {
  const client = useClient();
  const query = useServers();
  const { servers } = query;
  const { open } = useRoute();
  const now = useNow();
  const scans = useWork(work => work.scans);
  const isScanning = useWork(work => Boolean(work.tasks.scan));
  const opened = servers.find(server => server.name === open[0]) ?? null;
  const add = () => go('servers', '+add');
  useShortcut('n', add);
  const columns = serverColumns(now, name => isScanning && scans.get(name) === 'started');

  return (
    <div className="page">
      <PageHeader title={texts.screens.servers} note={servers.length > 0 ? fleetSummary(servers, now).text : null}>
        <Button icon="import" onPress={() => go('servers', '+import')}>
          {texts.servers.import}
        </Button>
        <Button icon="scan" isDisabled={servers.length === 0} isPending={isScanning} onPress={() => void scan(client)}>
          {texts.servers.scan}
        </Button>
        <Button variant="primary" icon="plus" onPress={add}>
          {texts.servers.add}
        </Button>
      </PageHeader>
      <div className="page-body">
        {query.error ? (
          <div className="page-scroll">
            <ProblemNote problem={problemOf(query.error)} />
          </div>
        ) : (
          <Grid
            label={texts.screens.servers}
            rows={servers}
            lines={allLines(servers.length)}
            columns={columns}
            rowKey={server => server.name}
            openKey={opened?.name ?? null}
            onOpen={server => go('servers', server.name)}
            empty={
              query.isLoading ? (
                <p className="loading-note">{texts.loading}</p>
              ) : (
                <EmptyState icon="servers" {...texts.servers.empty}>
                  <Button variant="primary" icon="plus" onPress={add}>
                    {texts.servers.add}
                  </Button>
                  <Button icon="import" onPress={() => go('servers', '+import')}>
                    {texts.servers.import}
                  </Button>
                </EmptyState>
              )
            }
          />
        )}
        {opened && <ServerPanel key={opened.name} server={opened} onClose={() => go('servers')} />}
      </div>
      {open[0] === '+add' && <AddServer servers={servers} onClose={() => go('servers')} />}
      {open[0] === '+import' && <ImportServers onClose={() => go('servers')} />}
    </div>
  );
}

function serverColumns(now: number, isScanning: (name: string) => boolean): readonly GridColumn<ServerRow>[] {
  const titles = texts.servers.columns;
  return [
    { id: 'name', title: titles.name, width: 9, cell: server => <ServerName server={server} /> },
    {
      id: 'host',
      title: titles.host,
      least: 12,
      cell: server => (
        <>
          {server.user}@{server.host}
          {server.port !== 22 && `:${server.port}`}
          {server.jump && <span className="muted"> {texts.servers.through(server.jump)}</span>}
        </>
      ),
    },
    { id: 'mta', title: titles.mta, width: 7.5, cell: server => server.mta ?? '' },
    { id: 'signer', title: titles.signer, width: 9, cell: server => server.signer ?? '' },
    { id: 'dns', title: titles.dns, width: 7.5, cell: server => server.dns ?? '' },
    { id: 'domains', title: titles.domains, width: 5.5, align: 'end', cell: server => count(server.domains) },
    {
      id: 'scan',
      title: titles.lastScan,
      width: 9,
      cell: server => {
        if (isScanning(server.name)) return <span className="scanning">{texts.servers.scanning}</span>;
        return server.lastScan ? ago(server.lastScan, now) : <span className="muted">{texts.servers.never}</span>;
      },
    },
    { id: 'problems', title: titles.problems, least: 14, cell: server => <ServerProblems server={server} /> },
  ];
}

function ServerName({ server }: { readonly server: ServerRow }) {
  const tone = server.reachable === false ? 'bad' : server.reachable ? 'good' : '';
  return (
    <span className="domain-name">
      <span className={`status-dot ${tone}`} />
      {server.name}
      <span className="visually-hidden">{texts.servers.reachable[String(server.reachable)]}</span>
    </span>
  );
}

function ServerProblems({ server }: { readonly server: ServerRow }) {
  const first = server.problems.find(problem => problem.severity === 'stop') ?? server.problems[0];
  if (!first) return null;
  return (
    <span
      className={`problems-cell ${first.severity}`}
      title={server.problems.map(problem => problem.message).join('\n')}
    >
      <Icon name={severityIcons[first.severity]} />
      <span className="cut">{first.message}</span>
    </span>
  );
}
