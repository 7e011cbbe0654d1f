# OpenAI's codex, which speaks the Responses API only and sends tools of its own.
mkdir -p home work && cd work && git init -q . 2> log.txt
export CODEX_HOME=$PWD/../home
echo ANSWER "$(codex exec --skip-git-repo-check --json -s read-only -m tertulia \
  -c model_provider=tertulia -c model_providers.tertulia.name=tertulia \
  -c model_providers.tertulia.base_url="$URL" -c model_providers.tertulia.wire_api=responses \
  -c model_reasoning_summary=detailed -c show_raw_agent_reasoning=true \
  "$QUESTION" < /dev/null 2>> log.txt)"
cat log.txt >&2
