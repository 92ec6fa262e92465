import { Alert, Button, Modal } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client';
import type { Imported } from '../api/types';
import { wrong } from '../parts/place';
import { fields } from './ContactForm';
import { TroubleNote } from '../parts/Trouble';

/** Puts the contacts of a CSV file into the book; first it shows what would become of it. */
export function Import({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const id = useId();
  const [text, setText] = useState<string>();
  const [told, setTold] = useState<Imported>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (csv: string, dryRun: boolean) => {
    setBusy(true);
    setError(undefined);
    try {
      setTold((await call<Imported>('POST', 'contacts:import', { raw: csv, query: { dryRun: dryRun || undefined }, headers: { 'Content-Type': 'text/csv' } })).body);
      if (!dryRun) void client.invalidateQueries({ queryKey: ['contacts'] });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const called = (column: string) => {
    const field = fields.find((one) => one === column);
    return field ? t(`contacts.${field}`) : column === 'language' ? t('language') : column;
  };
  return (
    <Modal
      open
      title={t('contacts.import')}
      onCancel={close}
      footer={[
        <Button key="close" onClick={close}>{t('common.close')}</Button>,
        ...(told?.dryRun && told.faults.length === 0 && text !== undefined
          ? [<Button key="go" type="primary" loading={busy} onClick={() => void send(text, false)}>{t('contacts.importGo')}</Button>]
          : []),
      ]}
    >
      <p><label htmlFor={id}>{t('contacts.importHelp')}</label></p>
      <input
        id={id}
        type="file"
        accept=".csv,text/csv"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (!file) return;
          void file.text().then((csv) => {
            setText(csv);
            return send(csv, true);
          });
        }}
      />
      <TroubleNote error={error} />
      {told && (
        <div role="status" className="stack under">
          <Alert type={told.faults.length > 0 ? 'warning' : 'success'} showIcon message={t(told.dryRun ? 'contacts.wouldBe' : 'contacts.were', { created: told.created, replaced: told.replaced, unchanged: told.unchanged })} />
          {told.faults.length > 0 && <ul className="faultList">{told.faults.slice(0, 50).map((one) => <li key={`${one.line} ${one.column} ${one.message}`}>{one.line > 0 && t('contacts.line', { n: one.line })}{called(one.column)} {wrong(one)}</li>)}</ul>}
        </div>
      )}
    </Modal>
  );
}
