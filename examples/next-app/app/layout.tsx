import type { ReactNode } from 'react';

export const metadata = { title: 'What is in the picture?' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" style={{ colorScheme: 'light dark', fontFamily: 'system-ui, sans-serif' }}>
      <body style={{ maxWidth: '36rem', margin: '0 auto', padding: '1.5rem 1rem' }}>
        {children}
      </body>
    </html>
  );
}
