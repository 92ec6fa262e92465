import { Checkbox, Select } from 'antd';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Field } from '../api/types';
import { useContacts } from '../contacts/Contacts';
import { Folded } from '../parts/Folded';
import { Row } from '../parts/Row';
import { useSettled } from '../parts/useSettled';
import { faultsAt, type Called } from './draft';

function calledSaid({ owner, all, contacts, users }: Called, t: TFunction): string {
  const parts = [
    owner && t('mentions.owner'),
    all && t('mentions.all'),
    contacts.length > 0 && t('mentions.contactsShort', { count: contacts.length }),
    users.length > 0 && t('mentions.usersShort', { count: users.length }),
  ].filter(Boolean);
  return parts.join(' · ') || t('mentions.nobody');
}

interface MentionsFormProps {
  mentions: Called;
  set: (mentions: Called) => void;
  path: string;
  faults: Field[];
  touch: (path: string) => void;
}

/** Whom a message calls. */
export function MentionsForm({ mentions, set, path, faults, touch }: MentionsFormProps) {
  const { t } = useTranslation();
  return (
    <Folded title={t('mentions.title')} summary={calledSaid(mentions, t)} path={path} wrong={faultsAt(faults, path, true).length > 0}>
      {faultsAt(faults, path).map((one) => <p key={one} className="fault" role="alert">{one}</p>)}
      <div className="row choices">
        <Checkbox checked={mentions.owner} onChange={(event) => set({ ...mentions, owner: event.target.checked })}>{t('mentions.owner')}</Checkbox>
        <Checkbox checked={mentions.all} onChange={(event) => set({ ...mentions, all: event.target.checked })}>{t('mentions.all')}</Checkbox>
      </div>
      <People mentions={mentions} set={set} path={path} faults={faults} touch={touch} />
      <Row label={t('mentions.users')} required={false} path={`${path}.users`} faults={faultsAt(faults, `${path}.users`, true)} help={t('rule.mentionsHelp')} onLeave={() => touch(`${path}.users`)}>
        {({ id, status, ...tied }) => (
          <Select {...tied} id={id} status={status} mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ' ', '\n', '，']} value={mentions.users} onChange={(users: string[]) => set({ ...mentions, users: users.map((one) => one.trim()).filter(Boolean) })} />
        )}
      </Row>
    </Folded>
  );
}

function People({ mentions, set, path, faults, touch }: MentionsFormProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const found = useContacts(useSettled(text.trim(), 300), 100);
  return (
    <Row label={t('mentions.contacts')} required={false} path={`${path}.contacts`} faults={faultsAt(faults, `${path}.contacts`, true)} help={t('mentions.help')} onLeave={() => touch(`${path}.contacts`)}>
      {({ id, status, ...tied }) => (
        <Select
          {...tied}
          id={id}
          status={status}
          mode="multiple"
          filterOption={false}
          loading={found.isFetching}
          value={mentions.contacts}
          onSearch={setText}
          onChange={(contacts: string[]) => set({ ...mentions, contacts })}
          options={(found.data ?? []).map((one) => ({ value: one.id ?? '', label: one.name }))}
        />
      )}
    </Row>
  );
}
