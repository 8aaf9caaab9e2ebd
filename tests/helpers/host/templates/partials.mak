<div>
  <nav>${h.call_partial('activitystream.partials:bell')}</nav>
  ${h.call_partial('activitystream.partials:newest')}
  ${h.call_partial('activitystream.partials:stream', actions=actions)}
  ${h.call_partial('activitystream.partials:bootstrap_widget', actions=actions, panel_title='Panel', panel_body_style='')}
</div>
