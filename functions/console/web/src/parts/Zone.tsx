import { Input } from 'antd';
import { useId, useState } from 'react';
import type { Tied } from './Row';

/** IANA names that this browser knows; the API knows more. */
const zones = Intl.supportedValuesOf('timeZone');

/** The name of a time zone. The list of names, some four hundred, comes once somebody writes there. */
export function Zone({ tied, value, set, placeholder }: { tied: Tied; value: string; set: (value: string) => void; placeholder?: string }) {
  const list = useId();
  const [used, setUsed] = useState(false);
  return (
    <>
      <Input {...tied} list={used ? list : undefined} value={value} maxLength={64} autoComplete="off" spellCheck={false} placeholder={placeholder} onFocus={() => setUsed(true)} onChange={(event) => set(event.target.value)} />
      {used && <datalist id={list}>{zones.map((one) => <option key={one} value={one} />)}</datalist>}
    </>
  );
}
