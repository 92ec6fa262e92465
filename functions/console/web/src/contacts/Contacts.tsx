import { DownloadOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons';
import { Button, Input, Table } from 'antd';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, get } from '../api/client';
import type { Contact, Page } from '../api/types';
import { Heading } from '../parts/Heading';
import { Nothing } from '../parts/Nothing';
import { Loaded, TroubleNote } from '../parts/Trouble';
import { useSettled } from '../parts/useSettled';
import { useWide } from '../parts/wide';
import { useChannelTitle } from '../rules/shown';
import { useMay } from '../session';
import { ContactForm } from './ContactForm';
import { Import } from './Import';

/** The people who are called, texted and mailed. */
export function Contacts() {
  const { t } = useTranslation();
  const may = useMay('editor');
  const [text, setText] = useState('');
  const [open, setOpen] = useState<Contact | 'new' | 'import'>();
  const [failed, setFailed] = useState<unknown>();
  const q = useSettled(text.trim(), 300);
  const list = useContacts(q, 500);
  const save = async () => {
    try {
      const { body } = await call<string>('GET', 'contacts:export', { text: true });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([body], { type: 'text/csv' }));
      link.download = 'contacts.csv';
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      setFailed(error);
    }
  };
  return (
    <>
      <Heading title={t('contacts.title')} lead={t('contacts.lead')}>
        {may && <Button icon={<UploadOutlined />} onClick={() => setOpen('import')}>{t('contacts.import')}</Button>}
        {may && <Button icon={<DownloadOutlined />} onClick={() => void save()}>{t('contacts.export')}</Button>}
        {may && <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen('new')}>{t('contacts.make')}</Button>}
      </Heading>
      <TroubleNote error={failed} />
      <Input className="search" allowClear value={text} aria-label={t('contacts.search')} placeholder={t('contacts.search')} onChange={(event) => setText(event.target.value)} />
      <Loaded query={list}>
        {(contacts) =>
          contacts.length === 0
            ? <Nothing title={q ? t('contacts.nothing') : t('contacts.empty')} advice={q ? t('rules.nothingAdvice') : t('contacts.emptyAdvice')} />
            : <Rows contacts={contacts} show={setOpen} />
        }
      </Loaded>
      {open === 'import' && <Import close={() => setOpen(undefined)} />}
      {open !== undefined && open !== 'import' && <ContactForm key={open === 'new' ? '' : open.id} contact={open === 'new' ? undefined : open} close={() => setOpen(undefined)} />}
    </>
  );
}

export function useContacts(q: string, limit: number, wanted = true) {
  return useQuery({
    queryKey: ['contacts', q, limit],
    enabled: wanted,
    queryFn: async ({ signal }) => (await get<Page<Contact>>('contacts', { q, limit }, signal)).items,
  });
}

function Rows({ contacts, show }: { contacts: Contact[]; show: (contact: Contact) => void }) {
  const { t } = useTranslation();
  const title = useChannelTitle();
  const wide = useWide();
  const name = (one: Contact) => <Button type="link" className="opening" onClick={() => show(one)}>{one.name}</Button>;
  if (!wide) {
    return (
      <ul className="cards">
        {contacts.map((one) => (
          <li key={one.id} className="card">{name(one)}<p>{one.phone}</p><p className="wrap">{one.email}</p><p className="help">{one.channels.map(title).join(t('common.comma'))}</p></li>
        ))}
      </ul>
    );
  }
  return (
    <Table<Contact>
      className="card table"
      rowKey="id"
      dataSource={contacts}
      pagination={contacts.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
      columns={[
        { title: t('contacts.name'), key: 'name', render: (_, one) => <>{name(one)} <span className="help">{one.id}</span></> },
        { title: t('contacts.phone'), dataIndex: 'phone' },
        { title: t('contacts.email'), dataIndex: 'email', render: (email?: string) => <span className="wrap">{email}</span> },
        { title: t('contacts.reached'), key: 'channels', render: (_, one) => one.channels.map(title).join(t('common.comma')) },
        { title: t('contacts.note'), dataIndex: 'note', render: (note?: string) => <span className="wrap">{note}</span> },
      ]}
    />
  );
}
