import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import { SETTING_KEYS } from '../providers/setting-rules.ts'
import { jsonText } from '../ui/json-text.ts'
import { getSetting, listSettings, setSetting, unsetSetting } from './config-steps.ts'
import { isJson } from './options.ts'

const HELP = `
Keys:
${SETTING_KEYS.map((key) => `  ${key}`).join('\n')}

A list is typed with commas or as JSON, a map as JSON. A key without its field, such as providers.acme, can be shown
and unset.`

/** `aiauth config get|set|unset|list|path`: `config.json`, checked by those who read it. */
export function addConfigCommand(program: Command, ports: Ports): void {
  const config = program
    .command('config')
    .description('show and change the settings in config.json')
    .addHelpText('after', HELP)
    .addHelpText('after', '\nExamples:\n  aiauth config list\n  aiauth config set browser firefox')
  config
    .command('get')
    .description('print a setting, exit 3 when it is not set')
    .argument('<key>', 'such as browser, or providers.claude.userAgent')
    .addHelpText('after', '\nExamples:\n  aiauth config get browser')
    .action((key: string, _options: unknown, command: Command) => getSetting(ports, key, isJson(command)))
  config
    .command('set')
    .description('change a setting, if those who read it can use the value')
    .argument('<key>', 'such as browser, or providers.claude.userAgent')
    .argument('<value>', 'the value, or - to read a line from stdin')
    .addHelpText('after', SET_HELP)
    .action(async (key: string, value: string, _options: unknown, command: Command) => {
      await setSetting(ports, key, value, isJson(command))
    })
  config
    .command('unset')
    .description('remove a setting')
    .argument('<key>', 'a setting, or a whole provider such as providers.acme')
    .addHelpText('after', '\nExamples:\n  aiauth config unset browser\n  aiauth config unset providers.acme')
    .action(async (key: string, _options: unknown, command: Command) => {
      await unsetSetting(ports, key, isJson(command))
    })
  config
    .command('list')
    .description('print all settings, a line each; secrets are not shown')
    .addHelpText('after', '\nExamples:\n  aiauth config list\n  aiauth config list --json')
    .action((_options: unknown, command: Command) => listSettings(ports, isJson(command)))
  config
    .command('path')
    .description('print where config.json is, or would be')
    .addHelpText('after', '\nExamples:\n  aiauth config path')
    .action((_options: unknown, command: Command) => {
      const { path } = ports.settings
      ports.terminal.out(isJson(command) ? jsonText({ path }) : `${path}\n`)
    })
}

const SET_HELP = `
Examples:
  aiauth config set providers.acme.clientId aiauth
  aiauth config set providers.acme.scopes openid,email
  aiauth config set providers.acme.redirect '{"host":"127.0.0.1","ports":[0],"path":"/callback"}'
  aiauth config set providers.acme.clientSecret -`
