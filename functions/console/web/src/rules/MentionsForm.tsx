import { Checkbox } from 'antd';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { People } from '../contacts/People';
import { Folded } from '../parts/Folded';
import { Many } from '../parts/Many';
import { at, type Part } from '../parts/place';
import { Row } from '../parts/Row';
import type { Called } from './draft';

function calledSaid({ owner, all, contacts, users }: Called, t: TFunction): string {
  const parts = [
    owner && t('mentions.owner'),
    all && t('mentions.all'),
    contacts.length > 0 && t('mentions.contactsShort', { count: contacts.length }),
    users.length > 0 && t('mentions.usersShort', { count: users.length }),
  ].filter(Boolean);
  return parts.join(' · ') || t('mentions.nobody');
}

/** Whom a message calls. */
export function MentionsForm(part: Part<Called>) {
  const { t } = useTranslation();
  const { value: mentions, set } = part;
  return (
    <Folded title={t('mentions.title')} summary={calledSaid(mentions, t)} place={part}>
      <div className="row choices">
        <Checkbox checked={mentions.owner} onChange={(event) => set({ owner: event.target.checked })}>{t('mentions.owner')}</Checkbox>
        <Checkbox checked={mentions.all} onChange={(event) => set({ all: event.target.checked })}>{t('mentions.all')}</Checkbox>
      </div>
      <Row label={t('mentions.contacts')} required={false} help={t('mentions.help')} {...at(part, 'contacts', true)}>
        {(tied) => <People tied={tied} value={mentions.contacts} set={(contacts) => set({ contacts })} />}
      </Row>
      <Row label={t('mentions.users')} required={false} help={t('rule.mentionsHelp')} {...at(part, 'users', true)}>
        {(tied) => <Many tied={tied} value={mentions.users} set={(users) => set({ users })} />}
      </Row>
    </Folded>
  );
}
