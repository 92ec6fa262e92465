import { createHashRouter, Navigate } from 'react-router';
import { Boundary } from './parts/Boundary';
import { Missing, Shell, Start } from './shell/Shell';

/** Places are behind #, so that the page works below any prefix. Pages are loaded when they are first opened. */
export const router = createHashRouter([
  {
    element: <Shell />,
    errorElement: <Boundary />,
    hydrateFallbackElement: <></>,
    children: [
      {
        errorElement: <Boundary />,
        children: [
          { index: true, element: <Start /> },
          { path: 'setup', lazy: async () => ({ Component: (await import('./setup/Setup')).Setup }) },
          { path: 'rules', element: <Start /> },
          { path: 'events', element: <Start page="events" /> },
          {
            path: 'w/:workspace',
            children: [
              { index: true, element: <Navigate to="rules" replace /> },
              { path: 'setup', lazy: async () => ({ Component: (await import('./setup/Setup')).Setup }) },
              { path: 'events', lazy: async () => ({ Component: (await import('./events/Events')).Events }) },
              {
                path: 'rules',
                lazy: async () => ({ Component: (await import('./rules/Rules')).Rules }),
                children: [
                  { path: 'new', lazy: async () => ({ Component: (await import('./rules/Editor')).NewRule }) },
                  { path: 'edit/:name', lazy: async () => ({ Component: (await import('./rules/Editor')).EditRule }) },
                ],
              },
            ],
          },
          { path: 'deliveries', lazy: async () => ({ Component: (await import('./deliveries/Deliveries')).Deliveries }) },
          { path: 'contacts', lazy: async () => ({ Component: (await import('./contacts/Contacts')).Contacts }) },
          { path: 'keys', lazy: async () => ({ Component: (await import('./access/Keys')).Keys }) },
          { path: 'audit', lazy: async () => ({ Component: (await import('./access/Audit')).Audit }) },
          { path: 'settings', lazy: async () => ({ Component: (await import('./settings/Settings')).SettingsPage }) },
          { path: 'help', lazy: async () => ({ Component: (await import('./help/Help')).Help }) },
          { path: '*', element: <Missing /> },
        ],
      },
    ],
  },
]);
