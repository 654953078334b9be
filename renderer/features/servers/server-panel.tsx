import { useState } from 'react';
import type { ServerRow } from '../../../shared/contract.ts';
import { scan } from '../../app/actions.ts';
import { useClient } from '../../app/engine.tsx';
import { ago, count } from '../../app/format.ts';
import { useNow } from '../../app/now.ts';
import { go } from '../../app/router.ts';
import { useWork } from '../../app/work.ts';
import { Facts, Panel, Section } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { ProblemList } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { setFilter } from '../domains/domains-view.ts';
import { ChangedHostKey, isHostKeyProblem } from './changed-host-key.tsx';
import { GivenDomains } from './given-domains.tsx';
import { MailSettings } from './mail-settings.tsx';
import { RemoveServer } from './remove-server.tsx';
import { ServerSecrets } from './server-secrets.tsx';

type Opened = 'remove' | 'secrets' | 'domains' | null;

export function ServerPanel({ server, onClose }: { readonly server: ServerRow; readonly onClose: () => void }) {
  const client = useClient();
  const now = useNow();
  const [opened, setOpened] = useState<Opened>(null);
  const isScanning = useWork(work => Boolean(work.tasks.scan));
  const words = texts.servers.panel;
  const hostKeyProblem = server.problems.find(isHostKeyProblem);
  const close = () => setOpened(null);
  return (
    <Panel
      label={words.label(server.name)}
      title={server.name}
      subtitle={server.lastScan ? texts.fleet.scanned(ago(server.lastScan, now)) : words.neverScanned}
      onClose={onClose}
    >
      {hostKeyProblem && <ChangedHostKey server={server} problem={hostKeyProblem} />}
      <ProblemList problems={server.problems.filter(problem => problem !== hostKeyProblem)} />
      <div className="panel-actions">
        <Button icon="scan" isPending={isScanning} onPress={() => void scan(client, [server.name])}>
          {words.scan}
        </Button>
        <Button
          icon="domains"
          isDisabled={server.domains === 0}
          onPress={() => {
            setFilter(`server:${server.name}`);
            go('domains');
          }}
        >
          {words.showDomains(server.domains)}
        </Button>
      </div>
      <Section title={words.software}>
        <Facts
          facts={[
            [texts.servers.columns.mta, server.mta],
            [texts.servers.columns.signer, server.signer],
            [texts.servers.columns.dns, server.dns],
            [words.os, server.os],
            [words.roles, server.roles.map(role => words.role[role]).join(', ')],
          ]}
        />
        {server.lastScan === null && <p className="muted">{words.unknownYet}</p>}
      </Section>
      <MailSettings server={server} key={server.name} />
      <Section
        title={words.connection}
        aside={
          <Button variant="quiet" icon="lock" onPress={() => setOpened('secrets')}>
            {words.secrets}
          </Button>
        }
      >
        <Facts
          facts={[
            [texts.servers.form.host, `${server.host}, ${words.port(server.port)}`],
            [texts.servers.form.user, server.user],
            [texts.servers.form.login, texts.servers.form.logins[server.login]],
            [texts.servers.form.sudo, texts.servers.form.sudos[server.sudo]],
            [texts.servers.form.jump, server.jump],
            [texts.servers.form.hostKey, <HostKey key="key" fingerprint={server.hostKey} />],
          ]}
        />
      </Section>
      <Section
        title={words.given}
        aside={
          <Button variant="quiet" onPress={() => setOpened('domains')}>
            {words.giveDomains}
          </Button>
        }
      >
        <p className="muted">{words.givenMeans(count(server.givenDomains))}</p>
      </Section>
      <div className="panel-actions">
        <Button variant="danger" icon="trash" onPress={() => setOpened('remove')}>
          {words.remove}
        </Button>
      </div>
      {opened === 'remove' && <RemoveServer server={server} onClose={close} onRemoved={onClose} />}
      {opened === 'secrets' && <ServerSecrets server={server} onClose={close} />}
      {opened === 'domains' && <GivenDomains server={server} onClose={close} />}
    </Panel>
  );
}

function HostKey({ fingerprint }: { readonly fingerprint: string | null }) {
  return fingerprint === null ? texts.servers.hostKeyStop.none : <code className="hash">{fingerprint}</code>;
}
