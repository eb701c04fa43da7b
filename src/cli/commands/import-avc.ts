import { Command } from 'commander';
import type { AvcSecret } from '../../config/avc/avc-import.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { printIssues } from '../issue-output.js';
import { readAvc } from '../read-avc.js';

/** `voice-connector import-avc`: writes our configuration for an INI file of the OpenSIPS AI Voice Connector. */
export function createImportAvcCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('import-avc')
    .description('write the configuration (YAML) that an INI file of the OpenSIPS AI Voice Connector comes to')
    .argument('<file>', 'its INI file; environment variables it knows are read too')
    .addHelpText(
      'after',
      '\nKeys are left out of the output: it names environment variables, and standard error says which to set.\n\nExit code: 0 written, 1 it cannot be used, 2 wrong usage.\n\nExample:\n  voice-connector import-avc /etc/avc.ini > connector.yaml\n',
    )
    .action(async (file: string) => {
      const { issues, secrets, yaml } = await readAvc(file, io, 'references');
      printIssues(issues, io);
      for (const secret of secrets) io.stderr.write(`${wordsOf(secret, file)}\n`);
      if (yaml === undefined) report(1);
      else io.stdout.write(yaml);
    });
}

function wordsOf({ option, variable }: AvcSecret, file: string): string {
  return option === undefined
    ? `set ${variable}, as before: the configuration refers to it`
    : `set ${variable} to what ${file} has as ${option}: the configuration refers to it`;
}
