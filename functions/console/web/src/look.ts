import { theme, type ThemeConfig } from 'antd';
import { useSyncExternalStore } from 'react';

/** What somebody wants to see; system follows the machine. */
export type Look = 'system' | 'light' | 'dark';

const place = 'pai-notify.look';
const machine = matchMedia('(prefers-color-scheme: dark)');
const still = matchMedia('(prefers-reduced-motion: reduce)');
const listeners = new Set<() => void>();
machine.addEventListener('change', () => listeners.forEach((listener) => listener()));

export function look(): Look {
  const kept = localStorage.getItem(place);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function wear(wanted: Look) {
  localStorage.setItem(place, wanted);
  listeners.forEach((listener) => listener());
}

const isDark = () => (look() === 'system' ? machine.matches : look() === 'dark');

export function useDark(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isDark);
}

const font =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif';

/** Colours that keep a contrast of 4.5 to 1, which Ant Design's own do not everywhere. */
export function themeOf(dark: boolean): ThemeConfig {
  return {
    cssVar: { key: 'console' },
    hashed: false,
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      motion: !still.matches,
      fontFamily: font,
      borderRadius: 8,
      colorPrimary: dark ? '#3c89e8' : '#0958d9',
      colorLink: dark ? '#69a9f5' : '#0958d9',
      colorLinkHover: dark ? '#93c0ff' : '#003eb3',
      colorLinkActive: dark ? '#93c0ff' : '#003eb3',
      colorBgLayout: dark ? '#0f1115' : '#f5f7fa',
      colorBgContainer: dark ? '#181b20' : '#ffffff',
      colorBgElevated: dark ? '#1f2329' : '#ffffff',
      colorTextSecondary: dark ? '#b3b8c2' : '#4e5969',
      colorTextTertiary: dark ? '#a3a9b5' : '#5d6675',
      colorTextDescription: dark ? '#a3a9b5' : '#5d6675',
      colorTextPlaceholder: dark ? '#8f96a3' : '#6b7280',
      colorTextDisabled: dark ? '#a3a9b5' : '#5d6675', // what cannot be changed is read all the same
      colorError: dark ? '#f06a6a' : '#cf1322',
      colorSuccess: dark ? '#5bb83a' : '#237804',
      colorWarning: dark ? '#d89614' : '#ad6800',
      // What is derived of such dark greens and ambers is muddy on white.
      ...(dark ? {} : { colorSuccessBg: '#e3f5e6', colorSuccessBorder: '#b9e2c2', colorWarningBg: '#fff3d6', colorWarningBorder: '#f3dba3' }),
    },
    components: {
      Button: dark ? { defaultHoverColor: '#93c0ff', defaultActiveColor: '#93c0ff', colorPrimary: '#0958d9', colorPrimaryHover: '#1668dc', colorPrimaryActive: '#003eb3', primaryColor: '#ffffff', dangerColor: '#1b0a0a', colorError: '#ff9c9c', colorErrorHover: '#ffb8b8' } : { defaultHoverColor: '#0958d9', defaultActiveColor: '#003eb3' },
      Radio: dark ? { buttonSolidCheckedBg: '#0958d9', buttonSolidCheckedHoverBg: '#1668dc', buttonSolidCheckedActiveBg: '#003eb3', buttonSolidCheckedColor: '#ffffff' } : {},
      Layout: { headerBg: dark ? '#181b20' : '#ffffff' },
    },
  };
}
