import {
  loadStageConfig,
  type StageConfig,
  StageConfigError,
} from '../../lib/stage/stage-config.ts';
import { familyNotes } from '../egain-family.ts';
import { type Checked, fails, holds } from '../report.ts';

/** Whether the stage's config can be read, and whether its parts go together. */
export function checkConfig(stage: string, folder: URL | undefined): Checked<StageConfig> {
  try {
    const config = loadStageConfig(stage, folder === undefined ? {} : { folder });
    const notes = familyNotes(config.egain);
    const partners = Object.keys(config.partners).length;
    if (partners === 0) notes.push('there are no partners yet: nobody can call the API');
    const number = partners === 1 ? '1 partner' : `${partners} partners`;
    return holds(config, `config/${stage}.json is valid, with ${number}`, { notes });
  } catch (error) {
    if (!(error instanceof StageConfigError)) throw error;
    return fails(
      'config-invalid',
      error.message,
      'Mend what is named; config/stage.schema.json lets an editor help.',
    );
  }
}
