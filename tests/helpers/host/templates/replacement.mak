<p>The host's own fragment</p>
