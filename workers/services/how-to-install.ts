/** What brings a program to a system. */
export interface InstallCommands {
  readonly debian: string;
  readonly mac: string;
  readonly other: string;
}

/** One sentence that says what is missing and how to get it on this system. */
export function howToInstall(what: string, { debian, mac, other }: InstallCommands): string {
  const command = process.platform === 'darwin' ? mac : process.platform === 'linux' ? debian : '';
  return command === '' ? `${what} is not installed. ${other}` : `${what} is not installed. Get it with: ${command}`;
}
