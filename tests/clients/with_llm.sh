# Simon Willison's `llm`, over both protocols; it writes reasoning to standard error.
for api in "" --responses; do
  echo ANSWER "$(llm openai endpoint "$URL" "$QUESTION" -m tertulia --key none $api 2> reasoning.txt)"
  echo REASONING "$(cat reasoning.txt)"
  echo ANSWER "$(llm openai endpoint "$URL" "$QUESTION" -m tertulia --key none --no-stream $api 2> reasoning.txt)"
done
