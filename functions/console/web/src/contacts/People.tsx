import { Select } from 'antd';
import { useState } from 'react';
import type { Tied } from '../parts/Row';
import { useSettled } from '../parts/useSettled';
import { useContacts } from './Contacts';

interface PeopleProps {
  tied: Tied;
  value: string[];
  set: (value: string[]) => void;
  channel?: string; // that must reach them
}

/** Chooses contacts, found by name as one types. */
export function People({ tied, value, set, channel }: PeopleProps) {
  const [text, setText] = useState('');
  const found = useContacts(useSettled(text.trim(), 300), 100);
  return (
    <Select
      {...tied}
      mode="multiple"
      filterOption={false}
      loading={found.isFetching}
      value={value}
      onSearch={setText}
      onChange={set}
      options={(found.data ?? []).map((one) => ({ value: one.id ?? '', label: one.name, disabled: channel !== undefined && !one.channels.includes(channel) }))}
    />
  );
}
