import i18n from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './en';
import { zh } from './zh';

export type Language = 'en' | 'zh';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const place = 'pai-notify.language';

function first(): Language {
  const kept = localStorage.getItem(place);
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function tell(language: string) {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

void i18n.use(initReactI18next).init({
  lng: first(),
  fallbackLng: 'en',
  resources: { en: { translation: en }, zh: { translation: zh } },
  interpolation: { escapeValue: false }, // React escapes
});
tell(i18n.language);

export function speak(language: Language) {
  localStorage.setItem(place, language);
  tell(language);
  void i18n.changeLanguage(language);
}

/** The text of an API's labels in the page's language. */
export function said(text: Record<string, string> | undefined, language: string): string {
  return text?.[language] ?? text?.en ?? Object.values(text ?? {})[0] ?? '';
}

export default i18n;
