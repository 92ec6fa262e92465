import { Alert, Button } from 'antd';
import { useLayoutEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Field } from '../api/types';
import { wrong } from './place';

/** Everything that is wrong; each leads to its place, and is called as the form calls it. */
export function FaultList({ title, faults }: { title: string; faults: Field[] }) {
  const { i18n } = useTranslation();
  const [names, setNames] = useState<string[]>([]);
  // The form around is read once it stands.
  useLayoutEffect(() => setNames(faults.map((one) => nameOf(one.path))), [faults, i18n.language]);
  const go = (path: string) => {
    const place = around(path).map(placeOf).find((one) => one !== null);
    if (place) (place.querySelector<HTMLElement>('input, textarea, button, [tabindex]') ?? place).focus();
  };
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      message={title}
      description={
        <ul className="faultList">
          {faults.map((one, i) => (
            <li key={one.path + one.message}>
              {one.path && <Button type="link" size="small" onClick={() => go(one.path)}>{names[i] ?? one.path}</Button>} {wrong(one)}
            </li>
          ))}
        </ul>
      }
    />
  );
}

/** A path and what it is in, from inside out: targets[0].id, targets[0], targets. */
function around(path: string): string[] {
  const outer = path.replace(/(\.|\[)[^.[]*$/, '');
  return path === '' ? [] : [path, ...(outer === path ? [] : around(outer))];
}

const placeOf = (path: string) => document.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);

/** What the form calls a field, from outside in. Of what it has no place for, the rest of the path follows. */
function nameOf(path: string): string {
  const paths = around(path);
  const places = paths.map(placeOf);
  const nearest = places.findIndex((one) => one !== null);
  if (nearest < 0) return path;
  const names = places
    .filter((_, i) => !(places[i - 1] && paths[i - 1]?.endsWith(']'))) // an element's name says what list it is of
    .map((place) => place?.querySelector(':scope > label, :scope > legend, :scope > summary > .foldedTitle, :scope > .row > h2')?.firstChild?.textContent)
    .reverse();
  const rest = path.slice(paths[nearest]?.length).replace(/^\.|^(\[\d+\])+$/, '');
  return [...names, rest].filter(Boolean).join(' › ');
}
